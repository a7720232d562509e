import type { Processes, Program, ProgramResult } from "./processes.ts";

/** Answers for programs that are never started: a function of what was asked. */
export class FakeProcesses implements Processes {
  /** Everything that was asked, in order. */
  readonly programs: Program[] = [];

  constructor(private readonly answer: (program: Program) => Partial<ProgramResult>) {}

  run(program: Program): Promise<ProgramResult> {
    this.programs.push(program);
    return Promise.resolve({
      end: "exited",
      status: 0,
      stdout: "",
      stderr: "",
      ...this.answer(program),
    });
  }
}
