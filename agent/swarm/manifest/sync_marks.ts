import { MAX_STAMP_AHEAD_MS } from "../../../shared/swarm/hybrid_clock.ts";
import { REVOKED_HORIZON_MS } from "../../../shared/swarm/manifest.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** What `manifest.json` says of its own age; both in ms by the server's clock. */
export interface SyncMarks {
  /** When it was last compared to the end with a peer or the server. */
  readonly syncedMs?: number | undefined;
  /** When the server last answered an envoy whose manifest was in step with its own. */
  readonly serverMs?: number | undefined;
}

/**
 * Knows how long this envoy heard nothing of the swarm. One that was away longer than revocations are remembered may hold
 * what was revoked meanwhile, and nobody but the server can tell it. Pure: time goes in.
 *
 * Whether the envoy is away is judged anew at each question and never latched, so a clock that was wrong for a while locks
 * nobody out; while it is away only the server's whole manifest sets the marks, so peers cannot let it back in.
 */
export class SyncTracker {
  #syncedMs: number | undefined;
  #serverMs: number | undefined;

  /** @param marks of the file; `undefined` if there is none: who knows nothing has missed nothing. */
  constructor(marks: SyncMarks | undefined, nowMs: number) {
    this.#syncedMs = marks ? marks.syncedMs : nowMs;
    this.#serverMs = marks?.serverMs;
  }

  get marks(): SyncMarks {
    return { syncedMs: this.#syncedMs, serverMs: this.#serverMs };
  }

  /** Why this envoy must neither seed, serve nor gossip; `undefined` if it may. */
  quietReason(nowMs: number): string | undefined {
    const awayMs = this.#syncedMs === undefined ? undefined : nowMs - this.#syncedMs;
    if (awayMs === undefined) {
      return "nothing tells when its manifest was last compared with others";
    }
    if (awayMs > REVOKED_HORIZON_MS) {
      return `away for ${Math.floor(awayMs / DAY_MS)} days, longer than revocations are remembered`;
    }
    if (awayMs < -MAX_STAMP_AHEAD_MS) {
      return `the clock is ${
        Math.ceil(-awayMs / HOUR_MS)
      } h behind the last comparison of manifests`;
    }
    return undefined;
  }

  /** Whether the server's whole manifest is wanted: this envoy, or all it spoke to, may have missed revocations. */
  wantsRoster(nowMs: number): boolean {
    return this.#serverMs === undefined || nowMs - this.#serverMs > REVOKED_HORIZON_MS ||
      this.quietReason(nowMs) !== undefined;
  }

  /** A peer's manifest was read to its end. */
  notePeer(nowMs: number): void {
    if (this.quietReason(nowMs) === undefined) this.#syncedMs = nowMs;
  }

  /** The server answered, which tells what is new to an envoy in step with it. */
  noteServer(nowMs: number): void {
    if (!this.wantsRoster(nowMs)) this.noteRebased(nowMs);
  }

  /** The server's whole manifest was taken in. */
  noteRebased(nowMs: number): void {
    this.#syncedMs = nowMs;
    this.#serverMs = nowMs;
  }
}
