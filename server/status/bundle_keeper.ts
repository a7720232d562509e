import { setImmediate } from "node:timers/promises";
import type { Logger } from "../../shared/platform/logging.ts";
import { DelayedFlush } from "../store/delayed_flush.ts";
import type { Store, StoredBundle } from "../store/store.ts";

/** Longest time that a bundle waits in memory, in ms; what a crash loses is resolved and noted again at the next check-in. */
const BATCH_MS = 10_000;
/** Bundles in one transaction. */
const BUNDLES_PER_TRANSACTION = 50;
/** How long a root that was written is not written again, in ms: far below the shortest retention. */
const REMEMBERED_MS = 3_600_000;
/** Roots remembered; past it all are forgotten and written again. */
const MAX_REMEMBERED = 50_000;

/** Writes the policies that envoys are given, each root once, off the path of check-ins. */
export class BundleKeeper {
  readonly #store: Pick<Store, "bundles">;
  readonly #now: () => number;
  readonly #waiting = new Map<string, StoredBundle>();
  readonly #written = new Map<string, number>();
  readonly #flush: DelayedFlush;

  constructor(store: Pick<Store, "bundles">, logger: Logger, now: () => number) {
    this.#store = store;
    this.#now = now;
    this.#flush = new DelayedFlush({
      what: "bundles",
      delayMs: BATCH_MS,
      write: () => this.#write(),
      logger,
    });
  }

  /** Notes what was resolved for an envoy. */
  note(bundle: StoredBundle): void {
    const writtenAtMs = this.#written.get(bundle.root);
    if (writtenAtMs !== undefined && this.#now() - writtenAtMs < REMEMBERED_MS) return;
    this.#waiting.set(bundle.root, bundle);
    this.#flush.schedule();
  }

  /** The bundle of a root, be it written already or not. */
  async find(root: string): Promise<StoredBundle | undefined> {
    return this.#waiting.get(root) ?? await this.#store.bundles.find(root);
  }

  /**
   * Writes everything that waits.
   *
   * @throws whatever the store throws; what was not written waits for the next note.
   */
  flush(): Promise<void> {
    return this.#flush.flush();
  }

  /** Writes the rest and takes no more timers. */
  stop(): Promise<void> {
    return this.#flush.stop();
  }

  async #write(): Promise<void> {
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting.values()].slice(0, BUNDLES_PER_TRANSACTION);
      const nowMs = this.#now();
      await this.#store.bundles.saveAll(batch, nowMs);
      if (this.#written.size > MAX_REMEMBERED) this.#written.clear();
      for (const { root } of batch) {
        this.#waiting.delete(root);
        this.#written.set(root, nowMs);
      }
      await setImmediate();
    }
  }
}
