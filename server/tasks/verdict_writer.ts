import { setImmediate, setTimeout as wait } from "node:timers/promises";
import type { Logger } from "../../shared/platform/logging.ts";
import { keptBytes } from "../../shared/tasks/captured_output.ts";
import type { StoredTarget, TaskRepository } from "../store/task_store.ts";

/** How long a verdict waits for others to be written with, in ms. */
const BATCH_MS = 50;
/** Verdicts in one transaction, and bytes of output: a few ms of the thread that also answers check-ins. */
const ROWS_PER_TRANSACTION = 500;
const BYTES_PER_TRANSACTION = 8 * 1024 * 1024;
/** Agents told in one go, before others get their turn: each costs a TLS record and a write of its own. */
const TOLD_PER_TURN = 25;
/** Output that waits to be written, in bytes; past it no results are taken until some are written. */
const MAX_WAITING_BYTES = 256 * 1024 * 1024;
/** Until the next try after the store refused, in ms. */
const RETRY_MS = 1_000;

/** Other limits than the usual ones, for tests. */
export interface WriterLimits {
  readonly batchMs?: number;
  readonly waitingBytes?: number;
}

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
  /** Ends the wait for others to be written with. */
  #hurry = new AbortController();
  /** Telling agents of what is written, one batch after the other; no transaction waits for that. */
  #telling: Promise<void> = Promise.resolve();
  readonly #scope = new AbortController();

  readonly #batchMs: number;
  readonly #maxWaitingBytes: number;
  #waitingBytes = 0;

  constructor(
    store: Pick<TaskRepository, "saveTargets">,
    logger: Logger,
    { batchMs = BATCH_MS, waitingBytes = MAX_WAITING_BYTES }: WriterLimits = {},
  ) {
    this.#store = store;
    this.#logger = logger;
    this.#batchMs = batchMs;
    this.#maxWaitingBytes = waitingBytes;
  }

  /** Whether more results may be taken: while the store writes nothing, agents keep theirs. */
  get hasRoom(): boolean {
    return this.#waitingBytes < this.#maxWaitingBytes;
  }

  /** Writes a target soon. @param stored called once it is durable. */
  note(taskId: string, target: StoredTarget, stored?: () => void): void {
    this.#waiting.push({ taskId, target, stored });
    this.#waitingBytes += bytesOf(target);
    this.#writing ??= this.#write(this.#batchMs).finally(() => this.#writing = undefined);
  }

  /** Writes now. Everything noted so far is durable when this resolves, or the writer was stopped. */
  async flush(): Promise<void> {
    this.#hurry.abort();
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
    await this.#telling;
  }

  async #write(delayMs: number): Promise<void> {
    const { signal } = this.#scope;
    this.#hurry = new AbortController();
    await pause(delayMs, AbortSignal.any([signal, this.#hurry.signal]));
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
    for (const { target } of this.#waiting) {
      if (rows === ROWS_PER_TRANSACTION || (rows > 0 && bytes > BYTES_PER_TRANSACTION)) break;
      bytes += bytesOf(target);
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
    for (const { target } of batch) this.#waitingBytes -= bytesOf(target);
    this.#telling = this.#telling.then(() => this.#tell(batch));
  }

  /** Whoever is not told sends the result again, and is told then. */
  async #tell(batch: readonly Waiting[]): Promise<void> {
    let told = 0;
    for (const { taskId, target: { hostname }, stored } of batch) {
      if (stored === undefined) continue;
      try {
        stored();
      } catch (error) {
        this.#logger.error("Cannot tell {hostname} that its result of task {taskId} is kept", {
          hostname,
          taskId,
          reason: String(error),
        });
      }
      told += 1;
      if (told % TOLD_PER_TURN === 0) await setImmediate();
    }
  }
}

function bytesOf({ output }: StoredTarget): number {
  return output ? keptBytes(output.stdout) + keptBytes(output.stderr) : 0;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // Stopped while it waits: then there is nothing to wait for.
  await wait(ms, undefined, { signal }).catch(() => {});
}
