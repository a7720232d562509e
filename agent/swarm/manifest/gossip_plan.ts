import { drawSome } from "../peers/draw_some.ts";

/** Manifests are compared with some peers this often, so that nothing depends on multicast. */
export const GOSSIP_MS = 10_000;
const GOSSIP_PEERS = 3;
/** A peer is asked for its manifest at most once in this time, whatever is announced. */
const MIN_SYNC_GAP_MS = 300;
/** Peers that news are pushed to at once; the others hear of them by gossip. */
const MAX_PUSH_PEERS = 64;
/** Most pages taken from one peer in a row: the whole of a full manifest. */
export const MAX_PAGES = 25;
/** Peers whose cursors are remembered; a forgotten one hands over everything again. */
const MAX_CURSORS = 2_000;

/** Decides whose manifest is read when, and whom news are pushed to. Pure: time and chance go in. */
export class GossipPlan {
  /** Where each peer's manifest was last read to. */
  readonly #cursors = new Map<string, string>();
  readonly #syncedMs = new Map<string, number>();
  readonly #syncing = new Set<string>();
  readonly #random: () => number;

  /** @param random gives numbers from 0 to below 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Whom to compare manifests with in this round. */
  round<T>(peers: readonly T[]): readonly T[] {
    return drawSome(peers, GOSSIP_PEERS, this.#random);
  }

  /** Whom to hand news to at once. */
  pushTargets<T>(peers: readonly T[]): readonly T[] {
    return drawSome(peers, MAX_PUSH_PEERS, this.#random);
  }

  /** Whether a peer that has announced news may be asked now. */
  maySync(uuid: string, nowMs: number): boolean {
    return !this.#syncing.has(uuid) &&
      nowMs - (this.#syncedMs.get(uuid) ?? -Infinity) >= MIN_SYNC_GAP_MS;
  }

  /** A peer is being asked. Says where to read on, or `undefined` if it is being asked already. */
  begin(uuid: string, nowMs: number): string | undefined {
    if (this.#syncing.has(uuid)) return undefined;
    this.#syncing.add(uuid);
    this.#syncedMs.set(uuid, nowMs);
    return this.#cursors.get(uuid) ?? "";
  }

  /** Asking came to its end, with or without an answer. */
  end(uuid: string): void {
    this.#syncing.delete(uuid);
  }

  /** A peer's manifest has been read to here. */
  noteCursor(uuid: string, cursor: string): void {
    this.#cursors.delete(uuid);
    this.#cursors.set(uuid, cursor);
    for (const oldest of this.#cursors.keys()) {
      if (this.#cursors.size <= MAX_CURSORS) break;
      this.#cursors.delete(oldest);
      this.#syncedMs.delete(oldest);
    }
  }
}
