import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "../../shared/platform/logging.ts";
import { keptBytes } from "../../shared/tasks/captured_output.ts";
import type { StoredTarget, TaskRepository } from "../store/task_store.ts";

/** How long a verdict waits for others to be written with, in ms. */
const BATCH_MS = 50;
/** Verdicts in one transaction, and bytes of output: a few ms of the thread that also answers check-ins. */
const ROWS_PER_TRANSACTION = 500;
const BYTES_PER_TRANSACTION = 8 * 1024 * 1024;
/** Until the next try after the store refused, in ms. */
const RETRY_MS = 1_000;

interface Waiting {
  readonly taskId: string;
  readonly target: StoredTarget;
  readonly stored: (() => void) | undefined;
}

/** Writes what comes of targets, many in one transaction; an agent hears that it may forget a result only after that. */
export class VerdictWriter {
  readonly #store: Pick<TaskRepository, "saveTargets">;
  readonly #logger: Logger;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  readonly #scope = new AbortController();

  constructor(store: Pick<TaskRepository, "saveTargets">, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** Writes a target soon. @param stored called once it is durable. */
  note(taskId: string, target: StoredTarget, stored?: () => void): void {
    this.#waiting.push({ taskId, target, stored });
    this.#writing ??= this.#write(BATCH_MS).finally(() => this.#writing = undefined);
  }

  /** Everything noted so far is durable when this resolves, or the writer was stopped. */
  async flush(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#scope.signal.aborted) {
      this.#writing ??= this.#write(0).finally(() => this.#writing = undefined);
      await this.#writing;
    }
    await this.#writing;
  }

  /** Writes the rest once; what the store refuses is said again by the agents. */
  async stop(): Promise<void> {
    this.#scope.abort();
    await this.#writing;
    if (this.#waiting.length > 0) await this.#writeBatch(this.#waiting);
  }

  async #write(delayMs: number): Promise<void> {
    const { signal } = this.#scope;
    await pause(delayMs, signal);
    while (this.#waiting.length > 0 && !signal.aborted) {
      const batch = this.#takeBatch();
      try {
        await this.#writeBatch(batch);
      } catch (error) {
        this.#logger.error("Cannot write verdicts of tasks; trying again: {reason}", {
          waiting: batch.length + this.#waiting.length,
          reason: String(error),
        });
        this.#waiting = [...batch, ...this.#waiting];
        await pause(RETRY_MS, signal);
      }
    }
  }

  #takeBatch(): Waiting[] {
    let bytes = 0, rows = 0;
    for (const { target: { output } } of this.#waiting) {
      if (rows === ROWS_PER_TRANSACTION || (rows > 0 && bytes > BYTES_PER_TRANSACTION)) break;
      bytes += output ? keptBytes(output.stdout) + keptBytes(output.stderr) : 0;
      rows += 1;
    }
    const batch = this.#waiting.slice(0, rows);
    this.#waiting = this.#waiting.slice(rows);
    return batch;
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    const targets = new Map<string, Map<number, StoredTarget>>();
    for (const { taskId, target } of batch) {
      const ofTask = targets.get(taskId) ?? new Map<number, StoredTarget>();
      targets.set(taskId, ofTask.set(target.position, target));
    }
    await this.#store.saveTargets(
      new Map([...targets].map(([id, ofTask]) => [id, [...ofTask.values()]])),
    );
    for (const { stored } of batch) stored?.();
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // Stopped while it waits: then there is nothing to wait for.
  await wait(ms, undefined, { signal }).catch(() => {});
}
