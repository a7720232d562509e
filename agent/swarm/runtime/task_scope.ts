import type { EngineLog } from "./engine_log.ts";

/** Tasks that outlive the call that began them: all are told to stop, and waited for, at the end of the scope. */
export class TaskScope {
  readonly #controller = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #log: EngineLog;

  constructor(log: EngineLog) {
    this.#log = log;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts a task. What it throws is logged as an error under `name`, unless the scope is ending. */
  run(name: string, task: (signal: AbortSignal) => Promise<void>): void {
    if (this.signal.aborted) return;
    const running: Promise<void> = task(this.signal).catch((error: unknown) => {
      if (!this.signal.aborted) this.#log("error", `${name} failed`, { reason: String(error) });
    }).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Runs `task` again and again with a pause after each, until the scope ends. */
  repeat(name: string, pauseMs: () => number, task: (signal: AbortSignal) => Promise<void>): void {
    this.run(name, async (signal) => {
      while (!signal.aborted) {
        try {
          await task(signal);
        } catch (error) {
          if (!signal.aborted) this.#log("error", `${name} failed`, { reason: String(error) });
        }
        await pause(pauseMs(), signal);
      }
    });
  }

  /** Ends the scope and waits for every task. */
  async stop(): Promise<void> {
    this.#controller.abort();
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}

/** Waits; returns early when the signal is raised. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
