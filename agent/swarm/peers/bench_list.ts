import { BENCH_MS } from "../../../shared/swarm/scheduler_limits.ts";

/** Peers remembered; past this the one benched longest ago comes back early. */
const MAX_BENCHED = 1000;

/**
 * Peers that sent what cannot be right, such as wrong bytes: whoever keeps this list asks nothing of them for
 * {@linkcode BENCH_MS}, however often it tries again.
 * Pure; time goes in.
 */
export class BenchList {
  readonly #untilMs = new Map<string, number>();

  /** Leaves a peer alone from now on. */
  bench(uuid: string, nowMs: number): void {
    this.#untilMs.delete(uuid);
    this.#untilMs.set(uuid, nowMs + BENCH_MS);
    for (const oldest of this.#untilMs.keys()) {
      if (this.#untilMs.size <= MAX_BENCHED) break;
      this.#untilMs.delete(oldest);
    }
  }

  has(uuid: string, nowMs: number): boolean {
    return nowMs < (this.#untilMs.get(uuid) ?? -Infinity);
  }
}
