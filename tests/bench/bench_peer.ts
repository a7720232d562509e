import { TestProcess } from "../support/process.ts";

/** What one command may take on a slow machine. */
const DEADLINE_MS = 600_000;

/** Another process of a benchmark, which takes commands and answers lines, one JSON object each. */
export class BenchPeer<Line extends { readonly kind: string }, Command> implements AsyncDisposable {
  readonly #process: TestProcess;
  readonly #parse: (line: unknown) => Line;
  #read = 0;

  /** @param module a program beside this file. */
  constructor(module: string, args: readonly string[], parse: (line: unknown) => Line) {
    this.#parse = parse;
    this.#process = TestProcess.start(Deno.execPath(), [
      "run",
      "--quiet",
      "--no-check",
      "--allow-all",
      "--v8-flags=--expose-gc",
      new URL(module, import.meta.url).pathname,
      ...args,
    ]);
  }

  tell(command: Command): void {
    this.#process.write(`${JSON.stringify(command)}\n`);
  }

  /** The next line of one kind; lines come in the order of the commands. */
  async next<Kind extends Line["kind"]>(kind: Kind): Promise<Extract<Line, { kind: Kind }>> {
    const seen = this.#read;
    this.#read += 1;
    const deadline = performance.now() + DEADLINE_MS;
    for (;;) {
      const answers = this.#process.output("stdout").split("\n").filter((line) =>
        line.startsWith("{")
      );
      const text = answers[seen];
      if (text !== undefined) {
        const line = this.#parse(JSON.parse(text));
        if (line.kind === kind) {
          // Narrowed by the comparison above, which the compiler cannot follow for a type parameter.
          return line as Extract<Line, { kind: Kind }>;
        }
        throw new Error(`expected "${kind}", got ${text}`);
      }
      if (this.#process.status || performance.now() > deadline) {
        throw new Error(`no "${kind}" came:\n${this.#process.output()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
