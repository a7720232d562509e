import assert from "node:assert/strict";
import type { Processes, Program, ProgramResult } from "../processes.ts";

/** One program that was run, and what it answered. */
export interface RecordedProgram {
  readonly argv: readonly string[];
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a real package manager answered while a provider went through {@linkcode playPackages}. */
export interface Recording {
  /** The programs with their versions. */
  readonly recordedWith: string;
  readonly programs: readonly RecordedProgram[];
}

/** Answers as the recording does, and only as long as exactly the recorded programs are asked for. */
export class RecordedManager implements Processes {
  #next = 0;

  constructor(private readonly recording: Recording) {}

  run({ argv }: Program): Promise<ProgramResult> {
    const recorded = this.recording.programs[this.#next++];
    assert.deepEqual(argv, recorded?.argv, "not what was recorded: record it anew");
    const { status = 0, stdout = "", stderr = "" } = recorded ?? {};
    return Promise.resolve({ end: "exited", status, stdout, stderr });
  }

  /** Whether every recorded program has been asked for. */
  get isOver(): boolean {
    return this.#next === this.recording.programs.length;
  }
}
