import type { ResourceReport } from "../../shared/config/run_report.ts";
import type { CycleOutcome } from "./cycle.ts";
import type { Trigger } from "../apply/policy_applier.ts";

/** Somebody who wants a cycle now and waits for what comes of it. */
export interface Wake {
  readonly trigger: Trigger;
  readonly dryRun: boolean;
  readonly force: boolean;
  onResource?(resource: ResourceReport): void;
  onDone?(outcome: CycleOutcome): void;
}

/** Callers that may wait at once; a machine has few people who run vigo at the same moment. */
export const MAX_WAITING = 8;

/** Cycles that were asked for, in their order. Pushes are one wish however often they are repeated. */
export class WakeQueue {
  #waiting: Wake[] = [];
  #bell: AbortController = new AbortController();

  /** @returns false if too many wait already. */
  add(wake: Wake): boolean {
    if (this.#waiting.length >= MAX_WAITING) return false;
    this.#waiting.push(wake);
    this.#bell.abort();
    return true;
  }

  /** A push by the server; two that wait are one, forced if either is. */
  push(force: boolean): void {
    const index = this.#waiting.findIndex(({ trigger }) => trigger === "push");
    const merged: Wake = {
      trigger: "push",
      dryRun: false,
      force: force || (this.#waiting[index]?.force ?? false),
    };
    if (index >= 0) this.#waiting[index] = merged;
    else this.#waiting.push(merged);
    this.#bell.abort();
  }

  next(): Wake | undefined {
    return this.#waiting.shift();
  }

  /** Aborted as soon as something waits. */
  get bell(): AbortSignal {
    if (this.#bell.signal.aborted && this.#waiting.length === 0) {
      this.#bell = new AbortController();
    }
    return this.#bell.signal;
  }
}
