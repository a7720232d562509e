/** How often somebody may ask: so many times at once, and once more after each interval. */
export interface BudgetOptions {
  readonly burst: number;
  readonly refillMs: number;
}

/** A token bucket: full at first, a token taken with each call, one given back after each interval. */
export class CallBudget {
  readonly #options: BudgetOptions;
  #left: number;
  #filledAtMs: number;

  constructor(options: BudgetOptions, nowMs: number) {
    this.#options = options;
    this.#left = options.burst;
    this.#filledAtMs = nowMs;
  }

  /** Whether there was a token to take. A clock that steps back refills nothing. */
  take(nowMs: number): boolean {
    const { burst, refillMs } = this.#options;
    const earned = Math.floor(Math.max(0, nowMs - this.#filledAtMs) / refillMs);
    if (earned > 0 || nowMs < this.#filledAtMs) {
      this.#left = Math.min(burst, this.#left + earned);
      this.#filledAtMs = nowMs;
    }
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }

  /** How long until there is a token to take, in ms; 0 if there is one. */
  waitMs(nowMs: number): number {
    const { refillMs } = this.#options;
    return this.#left > 0 ? 0 : Math.max(0, this.#filledAtMs + refillMs - nowMs);
  }
}
