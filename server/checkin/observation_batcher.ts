import type { Logger } from "../../shared/platform/logging.ts";
import type { EnvoyObservation, Store } from "../store/store.ts";
import type { EnvoyState } from "./envoy_state.ts";

/** Longest time that an observation waits in memory, in ms: what a crash may lose, and agents say again. */
export const OBSERVATION_BATCH_MS = 10_000;
/** Rows in one transaction, so that a write never holds the database for long. */
const ROWS_PER_TRANSACTION = 500;

/** Writes what envoys say of themselves in batches, off the path of check-ins. */
export class ObservationBatcher {
  readonly #dirty = new Set<EnvoyState>();
  readonly #store: Store;
  readonly #logger: Logger;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(store: Store, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** Notes that an envoy has something new to be written. */
  add(state: EnvoyState): void {
    this.#dirty.add(state);
    if (this.#timer === undefined && !this.#isStopped) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.flush().catch((error) => {
          this.#logger.warn("Cannot write observations; trying again: {reason}", {
            reason: String(error),
          });
        });
      }, OBSERVATION_BATCH_MS);
    }
  }

  /**
   * Writes everything that waits, one flush after another.
   *
   * @throws whatever the store throws; what was not written waits again.
   */
  flush(): Promise<void> {
    const flushed = this.#flushing.then(() => this.#write());
    // A failed flush must not fail those behind it.
    this.#flushing = flushed.catch(() => {});
    return flushed;
  }

  /** Writes the rest and takes no more timers. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.flush();
  }

  async #write(): Promise<void> {
    while (this.#dirty.size > 0) {
      const states = [...this.#dirty].slice(0, ROWS_PER_TRANSACTION);
      const rows: EnvoyObservation[] = [];
      for (const state of states) {
        this.#dirty.delete(state);
        const row = state.observation();
        if (row) rows.push(row);
      }
      try {
        await this.#store.envoys.saveObservations(rows);
      } catch (error) {
        for (const state of states) this.add(state);
        throw error;
      }
    }
  }
}
