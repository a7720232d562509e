import type { Principal } from "../service/principal.ts";
import { type BudgetOptions, CallBudget } from "../secrets/call_budget.ts";
import { networkOf } from "../../shared/platform/network_of.ts";

/** How many requests somebody may make at once, and after how long each may be made again. */
export const REQUEST_LIMITS = {
  /** A person's pages and commands, or a script: a full list of ten thousand envoys is a dozen requests. */
  known: { burst: 1000, refillMs: 10 },
  /** One machine reads fleet views now and then. */
  envoy: { burst: 200, refillMs: 100 },
  /** Whoever proved nothing, by address: a rack behind one address that enrols at once is let through. */
  nobody: { burst: 500, refillMs: 50 },
} as const satisfies Record<string, BudgetOptions>;

/** Budgets held at a time; beyond it the one longest unused is forgotten, which gives its owner a full one. */
const MAX_BUDGETS = 20_000;

/** What each principal, and each address of those who are nobody, may ask of the API. */
export class RequestBudgets {
  readonly #now: () => number;
  readonly #maxBudgets: number;
  /** In the order of their last use. */
  readonly #budgets = new Map<string, CallBudget>();

  /** @param now ms since 1970. */
  constructor(now: () => number, maxBudgets: number = MAX_BUDGETS) {
    this.#now = now;
    this.#maxBudgets = maxBudgets;
  }

  /** Takes one request from whoever asks; answers after how many ms to try again, 0 if this one may go on. */
  take(principal: Principal, address: string): number {
    const nowMs = this.#now();
    const budget = this.#budgetOf(principal, address, nowMs);
    return budget.take(nowMs) ? 0 : budget.waitMs(nowMs);
  }

  #budgetOf(principal: Principal, address: string, nowMs: number): CallBudget {
    const isNobody = principal.kind === "anonymous";
    const key = isNobody ? `address:${networkOf(address)}` : principal.name;
    const known = this.#budgets.get(key);
    const limits = isNobody
      ? REQUEST_LIMITS.nobody
      : principal.kind === "envoy"
      ? REQUEST_LIMITS.envoy
      : REQUEST_LIMITS.known;
    const budget = known ?? new CallBudget(limits, nowMs);
    this.#budgets.delete(key);
    this.#budgets.set(key, budget);
    const [oldest] = this.#budgets.keys();
    if (this.#budgets.size > this.#maxBudgets && oldest !== undefined) this.#budgets.delete(oldest);
    return budget;
  }
}
