import type { Clock } from "./clock.ts";

/** A clock that a test turns. */
export class FakeClock implements Clock {
  #nowMs: number;
  #sleepers: { wakeAtMs: number; wake: () => void }[] = [];

  constructor(nowMs = 1_000_000) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** How many wait now. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const sleeper = {
        wakeAtMs: this.#nowMs + ms,
        wake: () => {
          this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
          resolve();
        },
      };
      if (signal.aborted) return resolve();
      this.#sleepers.push(sleeper);
      signal.addEventListener("abort", sleeper.wake, { once: true });
    });
  }

  /** Moves time on, wakes who is due, and lets what they do run. */
  async advance(ms: number): Promise<void> {
    this.#nowMs += ms;
    for (const sleeper of [...this.#sleepers]) {
      if (sleeper.wakeAtMs <= this.#nowMs) sleeper.wake();
    }
    await this.settle();
  }

  /** Lets everything run that waits for nothing but its turn. */
  settle(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, 0));
  }
}
