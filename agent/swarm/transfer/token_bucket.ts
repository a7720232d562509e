/** How much may pass at once after a pause, as a share of one second. */
const BURST_SECONDS = 0.25;

/**
 * Lets bytes pass at a rate. Debts are allowed: what is larger than the burst passes and those behind it wait longer, so
 * a chunk of any size gets through.
 */
export class TokenBucket {
  #bytesPerSecond: number | undefined;
  #tokens = 0;
  #updatedMs: number;

  /** @param bytesPerSecond `undefined` lets everything pass. */
  constructor(bytesPerSecond: number | undefined, nowMs: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#updatedMs = nowMs;
  }

  setRate(bytesPerSecond: number | undefined): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Takes `sizeBytes` and says how long to wait, in ms, before they may pass. */
  take(sizeBytes: number, nowMs: number): number {
    const rate = this.#bytesPerSecond;
    if (rate === undefined) return 0;
    const gained = Math.max(0, nowMs - this.#updatedMs) / 1000 * rate;
    this.#updatedMs = nowMs;
    this.#tokens = Math.min(rate * BURST_SECONDS, this.#tokens + gained) - sizeBytes;
    return this.#tokens >= 0 ? 0 : -this.#tokens / rate * 1000;
  }
}
