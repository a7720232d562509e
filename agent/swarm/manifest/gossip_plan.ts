import { drawSome } from "../peers/draw_some.ts";

/** Manifests are compared with some peers this often, so that nothing depends on multicast. */
export const GOSSIP_MS = 10_000;
const GOSSIP_PEERS = 3;
/**
 * A peer is asked for its manifest at most once in this time, whatever is announced; after each time in vain, in twice that
 * time, up to {@linkcode GOSSIP_MS}. Anybody on the LAN may announce in the name of anybody.
 */
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
  /** How often in a row each peer was asked in vain. */
  readonly #inVain = new Map<string, number>();
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
    if (this.#syncing.has(uuid)) return false;
    const gapMs = Math.min(GOSSIP_MS, MIN_SYNC_GAP_MS * 2 ** (this.#inVain.get(uuid) ?? 0));
    return nowMs - (this.#syncedMs.get(uuid) ?? -Infinity) >= gapMs;
  }

  /** A peer is being asked. Says where to read on, or `undefined` if it is being asked already. */
  begin(uuid: string, nowMs: number): string | undefined {
    if (this.#syncing.has(uuid)) return undefined;
    this.#syncing.add(uuid);
    this.#syncedMs.set(uuid, nowMs);
    return this.#cursors.get(uuid) ?? "";
  }

  /** Asking came to its end, with or without an answer. @param hadNews whether the peer told anything. */
  end(uuid: string, hadNews: boolean): void {
    this.#syncing.delete(uuid);
    if (hadNews) this.#inVain.delete(uuid);
    else this.#inVain.set(uuid, (this.#inVain.get(uuid) ?? 0) + 1);
  }

  /** A peer's manifest has been read to here. */
  noteCursor(uuid: string, cursor: string): void {
    this.#cursors.delete(uuid);
    this.#cursors.set(uuid, cursor);
    for (const oldest of this.#cursors.keys()) {
      if (this.#cursors.size <= MAX_CURSORS) break;
      this.#cursors.delete(oldest);
      this.#syncedMs.delete(oldest);
      this.#inVain.delete(oldest);
    }
  }
}
