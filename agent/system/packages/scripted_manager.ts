import { FakeProcesses } from "../fake_processes.ts";
import type { Program, ProgramResult } from "../processes.ts";

type Answer = Partial<ProgramResult>;

/** Programs that answer what was recorded, for the first pattern that their line matches; anything else succeeds silently. */
export class ScriptedManager extends FakeProcesses {
  constructor(answers: readonly (readonly [pattern: RegExp, ...answers: readonly Answer[]])[]) {
    const queues = answers.map(([pattern, ...queue]) => ({ pattern, queue }));
    super((program) => {
      const found = queues.find(({ pattern }) => pattern.test(lineOf(program)));
      if (found === undefined) return {};
      // The last answer is given for ever.
      return (found.queue.length > 1 ? found.queue.shift() : found.queue[0]) ?? {};
    });
  }

  /** What was asked, as lines without options, which say how and not what. */
  lines(): readonly string[] {
    return this.programs.map(({ argv }) =>
      argv.filter((word) => !word.startsWith("-") && !word.includes("|")).join(" ")
    );
  }
}

function lineOf({ argv }: Program): string {
  return argv.join(" ");
}
