import type { Clock } from "./clock.ts";

/**
 * Passes on the latest of many values, at most one per interval. The last one is never lost: it goes out when the interval
 * is over.
 */
export class LatestOnly<T> {
  readonly #everyMs: number;
  readonly #clock: Clock;
  readonly #send: (value: T) => void;
  readonly #stop = new AbortController();
  #latest: T | undefined;
  #isWaiting = false;
  #isDue = false;

  constructor(everyMs: number, clock: Clock, send: (value: T) => void) {
    this.#everyMs = everyMs;
    this.#clock = clock;
    this.#send = send;
  }

  offer(value: T): void {
    this.#latest = value;
    if (this.#isWaiting) this.#isDue = true;
    else this.#sendNow(value);
  }

  /** Sends the latest value again, for a receiver that has not seen it. */
  repeat(): void {
    if (this.#latest !== undefined) this.offer(this.#latest);
  }

  stop(): void {
    this.#stop.abort();
  }

  #sendNow(value: T): void {
    this.#isDue = false;
    this.#isWaiting = true;
    this.#send(value);
    void this.#clock.sleep(this.#everyMs, this.#stop.signal).then(() => {
      this.#isWaiting = false;
      if (this.#isDue && this.#latest !== undefined && !this.#stop.signal.aborted) {
        this.#sendNow(this.#latest);
      }
    });
  }
}
