import type { Logger } from "../../shared/platform/logging.ts";

export interface DelayedFlushOptions {
  /** What is written, for the log. */
  readonly what: string;
  /** How long the first of what waits may wait, in ms; what a crash may lose. */
  readonly delayMs: number;
  /** Writes everything that waits by then, and keeps what it cannot write. */
  readonly write: () => Promise<void>;
  readonly logger: Logger;
}

/** Has what waits in memory written some time after the first of it came, many at once. */
export class DelayedFlush {
  readonly #options: DelayedFlushOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: DelayedFlushOptions) {
    this.#options = options;
  }

  /** Something waits: it is written with whatever comes until then. */
  schedule(): void {
    if (this.#timer !== undefined || this.#isStopped) return;
    const { what, delayMs, logger } = this.#options;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.flush().catch((error) => {
        logger.warn(`Cannot write ${what}; trying again: {reason}`, { reason: String(error) });
      });
    }, delayMs);
  }

  /**
   * Writes everything that waits, one flush after another.
   *
   * @throws whatever writing throws.
   */
  flush(): Promise<void> {
    const flushed = this.#flushing.then(() => this.#options.write());
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
}
