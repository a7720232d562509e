/** How much may be spent: so much at once, and how much more is earned with each ms. */
export interface BudgetLimits {
  readonly atOnce: number;
  readonly perMs: number;
}

/** What one envoy may take of something that everybody shares. A clock that steps back earns nothing. */
export class LeakyBudget {
  readonly #limits: BudgetLimits;
  #spent = 0;
  #asOfMs = 0;

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
  }

  /** Whether anything is left; what is spent beyond it has to be earned first. */
  hasLeft(nowMs: number): boolean {
    const earned = Math.max(0, nowMs - this.#asOfMs) * this.#limits.perMs;
    this.#spent = Math.max(0, this.#spent - earned);
    this.#asOfMs = nowMs;
    return this.#spent < this.#limits.atOnce;
  }

  spend(amount: number): void {
    this.#spent += amount;
  }
}
