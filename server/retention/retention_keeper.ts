import { setTimeout } from "node:timers/promises";
import type { Pruned } from "../../shared/rest/database.ts";
import { MAX_MINUTES } from "../../shared/rest/fleet.ts";
import type { Store } from "../store/store.ts";

/** Rows removed in one transaction: a few ms of the thread that also answers check-ins. */
const RUNS_PER_BATCH = 200;
const BUNDLES_PER_BATCH = 20;
const TASK_ROWS_PER_BATCH = 200;
const WORKFLOWS_PER_BATCH = 100;
/** Tasks kept at most, and the output of all of them in bytes, however young they are. */
const MAX_KEPT_TASKS = 20_000;
const MAX_KEPT_OUTPUT_BYTES = 4 * 1024 * 1024 * 1024;
/** Pause after each, in ms, in which whoever waits for the database gets it. */
const PAUSE_MS = 20;
const MINUTE_MS = 60_000;

export interface RetentionOptions {
  readonly store: Store;
  readonly now: () => number;
  /** `database.retention`, in ms. */
  readonly retentionMs: number;
  /** Removes published versions that nobody needs; answers how many. */
  readonly pruneVersions: (publishedBeforeMs: number) => Promise<number>;
}

/** Removes what is past its time, in small steps that let everything else through. */
export class RetentionKeeper {
  readonly #options: RetentionOptions;
  readonly #scope = new AbortController();
  #running: Promise<Pruned> | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  get retentionMs(): number {
    return this.#options.retentionMs;
  }

  /** Removes everything that is due; whoever asks while it runs gets the same answer. */
  prune(): Promise<Pruned> {
    return this.#running ??= this.#prune().finally(() => this.#running = undefined);
  }

  /** Ends after the step that runs. */
  async stop(): Promise<void> {
    this.#scope.abort();
    // Its failure is for whoever asked.
    await this.#running?.catch(() => {});
  }

  async #prune(): Promise<Pruned> {
    const { store, now, retentionMs, pruneVersions } = this.#options;
    const nowMs = now(), beforeMs = nowMs - retentionMs;
    const runs = await this.#inBatches(
      (limit) => store.runs.prune(beforeMs, limit),
      RUNS_PER_BATCH,
    );
    // After the runs, since one that is kept keeps its bundle.
    const bundles = await this.#inBatches(
      (limit) => store.bundles.prune(beforeMs, limit),
      BUNDLES_PER_BATCH,
    );
    const tasks = await this.#pruneTasks(beforeMs);
    const workflows = await this.#inBatches(
      (limit) => store.workflows.prune(beforeMs, limit),
      WORKFLOWS_PER_BATCH,
    );
    const minutes = await store.minutes.prune(nowMs - MAX_MINUTES * MINUTE_MS);
    await store.enrollTokens.pruneAnswers(nowMs);
    const versions = this.#scope.signal.aborted ? 0 : await pruneVersions(beforeMs);
    return { runs, bundles, tasks, workflows, minutes, versions };
  }

  /** What is past its time, and of the rest the oldest whose output is more than is kept in all. */
  async #pruneTasks(beforeMs: number): Promise<number> {
    const { tasks } = this.#options.store;
    let kept = 0, bytes = 0, cutoffMs = beforeMs;
    for (const { finishedAtMs, outputBytes } of await tasks.listFinished()) {
      kept += 1;
      bytes += outputBytes;
      if (kept <= MAX_KEPT_TASKS && bytes <= MAX_KEPT_OUTPUT_BYTES) continue;
      cutoffMs = Math.max(cutoffMs, finishedAtMs + 1);
      break;
    }
    let total = 0;
    while (!this.#scope.signal.aborted) {
      const { tasks: removed, isDone } = await tasks.prune(cutoffMs, TASK_ROWS_PER_BATCH);
      total += removed;
      if (isDone) break;
      await setTimeout(PAUSE_MS);
    }
    return total;
  }

  async #inBatches(prune: (limit: number) => Promise<number>, limit: number): Promise<number> {
    let total = 0;
    while (!this.#scope.signal.aborted) {
      const removed = await prune(limit);
      total += removed;
      if (removed < limit) break;
      await setTimeout(PAUSE_MS);
    }
    return total;
  }
}
