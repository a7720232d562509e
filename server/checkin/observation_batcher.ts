import type { Logger } from "../../shared/platform/logging.ts";
import { DelayedFlush } from "../store/delayed_flush.ts";
import type { EnvoyObservation, Store } from "../store/store.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";

/** Longest time that an observation waits in memory, in ms: what a crash may lose, and agents say again. */
export const OBSERVATION_BATCH_MS = 10_000;
/** Rows in one transaction, so that a write never holds the database for long. */
const ROWS_PER_TRANSACTION = 500;

/** Writes what envoys say of themselves in batches, off the path of check-ins. */
export class ObservationBatcher {
  readonly #dirty = new Set<EnvoyState>();
  readonly #store: Store;
  readonly #flush: DelayedFlush;

  constructor(store: Store, logger: Logger) {
    this.#store = store;
    this.#flush = new DelayedFlush({
      what: "observations",
      delayMs: OBSERVATION_BATCH_MS,
      write: () => this.#write(),
      logger,
    });
  }

  /** Notes that an envoy has something new to be written. */
  add(state: EnvoyState): void {
    this.#dirty.add(state);
    this.#flush.schedule();
  }

  /**
   * Writes everything that waits, one flush after another.
   *
   * @throws whatever the store throws; what was not written waits again.
   */
  flush(): Promise<void> {
    return this.#flush.flush();
  }

  /** Writes the rest and takes no more timers. */
  stop(): Promise<void> {
    return this.#flush.stop();
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
