import { type ChildProcess as NodeChild, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { createInterface } from "node:readline";
import process from "node:process";
import { sendSignal } from "./signal.ts";

/** One printed line, without its line end. */
export interface OutputLine {
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** How a process ended: exactly one of the two is not `null`. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Where and with what a process runs. */
export interface TestProcessOptions {
  /** Added to the inherited environment, or all of it when `clearEnv` is set. */
  readonly env?: Readonly<Record<string, string>>;
  readonly clearEnv?: boolean;
  readonly cwd?: string;
  /** Called for every line as it comes, for a test that wants to see progress. */
  readonly onLine?: (line: OutputLine) => void;
}

/** Lines kept per process; a test that prints more has lost its oldest lines, never its memory. */
const MAX_KEPT_LINES = 20_000;
/** Lines quoted when an expected one does not come. */
const QUOTED_LINES = 20;
const DEFAULT_DEADLINE_MS = 180_000;

type Watcher = (line: OutputLine) => void;

/**
 * A process started by a test, in a process group of its own. Its end of scope is its end:
 * the whole group gets SIGKILL, so no child of it outlives the test either.
 *
 * @example
 * ```ts
 * await using server = TestProcess.start(Deno.execPath(), ["run", "-A", "server/main.ts"]);
 * const [, port] = await server.waitForLine(/listening on port (\d+)/);
 * ```
 */
export class TestProcess implements AsyncDisposable {
  /** Leader of the process group. */
  readonly pid: number;
  /** Settles when the process has ended and all its output has been read. */
  readonly exited: Promise<ExitStatus>;
  readonly #command: string;
  readonly #child: NodeChild;
  readonly #lines: OutputLine[] = [];
  readonly #watchers = new Set<Watcher>();
  #status: ExitStatus | undefined;

  private constructor(command: string, child: NodeChild, pid: number, onLine?: Watcher) {
    this.#command = command;
    this.#child = child;
    this.pid = pid;
    if (onLine) this.#watchers.add(onLine);
    this.#collect(child.stdout, "stdout");
    this.#collect(child.stderr, "stderr");
    this.exited = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        this.#status = { code, signal };
        resolve(this.#status);
      });
    });
  }

  /** @throws {Error} if the command cannot be started. */
  static start(
    command: string,
    args: readonly string[] = [],
    options: TestProcessOptions = {},
  ): TestProcess {
    const child = spawn(command, args, {
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
      env: options.clearEnv ? { ...options.env } : { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    // Without a listener a failed start would end the whole test run; the missing pid reports it here.
    child.once("error", () => {});
    if (child.pid === undefined) throw new Error(`Cannot start "${command}": is it installed?`);
    return new TestProcess([command, ...args].join(" "), child, child.pid, options.onLine);
  }

  /** Everything printed so far, oldest first. */
  get lines(): readonly OutputLine[] {
    return this.#lines;
  }

  /** Everything printed so far as one text, or one stream of it. */
  output(stream?: OutputLine["stream"]): string {
    const wanted = stream ? this.#lines.filter((line) => line.stream === stream) : this.#lines;
    return wanted.map(({ text }) => text).join("\n");
  }

  /** How it ended, or `undefined` while it runs. */
  get status(): ExitStatus | undefined {
    return this.#status;
  }

  /**
   * Waits for a line that matches, beginning with those already printed.
   *
   * @throws {Error} with the last lines if the process ends or `deadlineMs` pass first.
   */
  async waitForLine(pattern: RegExp, deadlineMs = DEFAULT_DEADLINE_MS): Promise<RegExpMatchArray> {
    for (const { text } of this.#lines) {
      const match = text.match(pattern);
      if (match) return match;
    }
    const { promise, resolve, reject } = Promise.withResolvers<RegExpMatchArray>();
    const watcher: Watcher = ({ text }) => {
      const match = text.match(pattern);
      if (match) resolve(match);
    };
    this.#watchers.add(watcher);
    const timer = setTimeout(
      () => reject(this.#failure(`printed nothing like ${pattern} within ${deadlineMs} ms`)),
      deadlineMs,
    );
    const ended = this.exited.then(({ code, signal }) =>
      reject(this.#failure(`ended with ${signal ?? `status ${code}`} before ${pattern}`))
    );
    try {
      return await Promise.race([promise, ended.then(() => promise)]);
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(watcher);
    }
  }

  /** Sends text to its standard input. */
  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Closes its standard input. */
  closeStdin(): void {
    this.#child.stdin?.end();
  }

  /** Sends a signal to the process alone, as an init system would. */
  signal(signal: NodeJS.Signals): void {
    // Not the child's own kill(): under Deno that also closes its standard input.
    if (!this.#status) sendSignal(this.pid, signal);
  }

  /** SIGKILL to the whole group, as a power cut would, then waits for its end. */
  async kill(): Promise<ExitStatus> {
    sendSignal(-this.pid, "SIGKILL");
    this.#child.stdin?.destroy();
    return await this.exited;
  }

  /**
   * SIGTERM, then waits for an orderly end.
   *
   * @throws {Error} if it still runs after `deadlineMs`; it has then been killed.
   */
  async stop(deadlineMs = DEFAULT_DEADLINE_MS): Promise<ExitStatus> {
    this.signal("SIGTERM");
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), deadlineMs);
    });
    const status = await Promise.race([this.exited, late]);
    clearTimeout(timer);
    if (status) return status;
    await this.kill();
    throw this.#failure(`did not stop within ${deadlineMs} ms of SIGTERM`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #collect(from: Readable | null, stream: OutputLine["stream"]): void {
    if (!from) return;
    createInterface({ input: from }).on("line", (text) => {
      const line: OutputLine = { stream, text };
      this.#lines.push(line);
      if (this.#lines.length > MAX_KEPT_LINES) this.#lines.shift();
      for (const watcher of [...this.#watchers]) watcher(line);
    });
  }

  #failure(what: string): Error {
    const last = this.#lines.slice(-QUOTED_LINES).map(({ text }) => `  ${text}`).join("\n");
    return new Error(`"${this.#command}" ${what}; its last lines:\n${last || "  (none)"}`);
  }
}
