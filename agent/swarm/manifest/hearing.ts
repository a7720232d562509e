import { MAX_HELD_ENTRIES } from "../../../shared/swarm/manifest.ts";
import { BENCH_MS } from "../../../shared/swarm/scheduler_limits.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import type { EngineLog } from "../runtime/engine_log.ts";
import type { PeerIdentity } from "../peers/peer_identity.ts";
import { BenchList } from "../peers/bench_list.ts";
import type { ManifestBook } from "./manifest_book.ts";

export interface HearingOptions {
  readonly book: Pick<ManifestBook, "receiveFromPeer">;
  readonly now: () => number;
  readonly log: EngineLog;
}

/**
 * Listens to what peers say about blobs. A cell costs whoever checks it more than whoever made it up, and an honest peer
 * passes on only what it has checked and believes itself: who hands over a forged cell, or more of unknown authors than are
 * ever kept, is not listened to for {@linkcode BENCH_MS}.
 */
export class Hearing {
  readonly #options: HearingOptions;
  #benches = new BenchList();
  /** Cells of unknown authors by who handed them over, since `#sinceMs`. */
  readonly #strange = new Map<string, number>();
  #sinceMs = -Infinity;
  #serial: number | undefined;

  constructor(options: HearingOptions) {
    this.#options = options;
  }

  /** Whether a peer is not listened to now. */
  isDeafTo(uuid: string): boolean {
    return this.#benches.has(uuid, this.#options.now());
  }

  /** Takes in what a peer says. @returns Whether to go on listening. */
  async hear(
    { uuid, hostname }: PeerIdentity,
    entries: readonly ManifestEntry[],
  ): Promise<boolean> {
    const { book, now, log } = this.#options;
    if (this.isDeafTo(uuid)) return false;
    const { forged, strange } = await book.receiveFromPeer(entries);
    const isTooStrange = this.#countStrange(uuid, strange) > MAX_HELD_ENTRIES;
    if (!forged && !isTooStrange) return true;
    this.#benches.bench(uuid, now());
    log("warning", "a peer is not listened to for ten minutes", {
      peer: hostname,
      reason: forged ? "it passed on a forged entry" : "it passes on entries of unknown authors",
    });
    return false;
  }

  /** Another fleet document names other authors: who spoke of them too early was right. */
  noteFleet(serial: number): void {
    if (serial === this.#serial) return;
    this.#serial = serial;
    this.#benches = new BenchList();
    this.#strange.clear();
  }

  #countStrange(uuid: string, count: number): number {
    const nowMs = this.#options.now();
    if (nowMs - this.#sinceMs >= BENCH_MS) {
      this.#sinceMs = nowMs;
      this.#strange.clear();
    }
    const sum = (this.#strange.get(uuid) ?? 0) + count;
    if (sum > 0) this.#strange.set(uuid, sum);
    return sum;
  }
}
