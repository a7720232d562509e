import assert from "node:assert/strict";
import type { Entry, Files } from "../files.ts";
import type { Processes, Program, ProgramResult } from "../processes.ts";

/** One program that was run, and what it answered. */
export interface RecordedProgram {
  readonly argv: readonly string[];
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a file of the manager held when a provider looked at it; `null` if it was not there. */
export interface RecordedFile {
  readonly path: string;
  readonly text: string | null;
}

/** What a real package manager answered while a provider went through {@linkcode playPackages}. */
export interface Recording {
  /** The programs with their versions. */
  readonly recordedWith: string;
  readonly programs: readonly RecordedProgram[];
  /** Absent for a provider that reads no files. */
  readonly files?: readonly RecordedFile[];
}

const FILE: Entry = { kind: "file", mode: 0o644, uid: 0, gid: 0, sizeBytes: 1, stamp: "" };

/** Answers as the recording does, and only as long as exactly the recorded programs are asked for. */
export class RecordedManager implements Processes {
  #next = 0;
  #nextFile = 0;
  #opened: RecordedFile | undefined;

  /** Files as they were at each look, which is an `inspect` and, if there is one, a `read`. */
  readonly files: Pick<Files, "inspect" | "read"> = {
    inspect: (path) => {
      this.#opened = this.recording.files?.[this.#nextFile++];
      assert.equal(path, this.#opened?.path, "not what was recorded: record it anew");
      return Promise.resolve(this.#opened?.text === null ? undefined : FILE);
    },
    read: () => Promise.resolve(new TextEncoder().encode(this.#opened?.text ?? "")),
  };

  constructor(private readonly recording: Recording) {}

  run({ argv }: Program): Promise<ProgramResult> {
    const recorded = this.recording.programs[this.#next++];
    assert.deepEqual(argv, recorded?.argv, "not what was recorded: record it anew");
    const { status = 0, stdout = "", stderr = "" } = recorded ?? {};
    return Promise.resolve({ end: "exited", status, stdout, stderr });
  }

  /** Whether everything recorded has been asked for. */
  get isOver(): boolean {
    const { programs, files = [] } = this.recording;
    return this.#next === programs.length && this.#nextFile === files.length;
  }
}
