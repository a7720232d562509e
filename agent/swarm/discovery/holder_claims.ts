import { drawSome } from "../peers/draw_some.ts";

/** Peers that one download asks. */
export const MAX_CANDIDATES = 48;
/**
 * Of these, places for peers that said nothing. Claims are heard within one segment only: neighbours that all lack the same
 * chunks would otherwise ask nobody but each other, for good.
 */
const UNHEARD_CANDIDATES = 12;

/** Who said, in announcements, that they hold something of which blob. A claim only decides who is asked first. */
export class HolderClaims {
  readonly #holders = new Map<string, Set<string>>();
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Notes a claim. The caller sees to it that the manifest knows the blob, so that nobody fills memory with claims. */
  note(sha256: string, uuid: string): void {
    const holders = this.#holders.get(sha256) ?? new Set();
    this.#holders.set(sha256, holders.add(uuid));
  }

  /** Forgets who held a blob: a revoked one that comes back starts with fresh claims. */
  forget(sha256: string): void {
    this.#holders.delete(sha256);
  }

  /** Peers that claim a blob, by UUID. */
  of(sha256: string): ReadonlySet<string> {
    return this.#holders.get(sha256) ?? new Set();
  }

  /**
   * Peers to ask about a blob, at most {@linkcode MAX_CANDIDATES}: those that said they hold it first, then others at
   * random, a few in any case.
   */
  candidates<T extends { readonly uuid: string }>(
    sha256: string,
    peers: readonly T[],
  ): readonly T[] {
    if (peers.length <= MAX_CANDIDATES) return peers;
    const holders = this.of(sha256);
    const known = peers.filter(({ uuid }) => holders.has(uuid));
    const others = peers.filter(({ uuid }) => !holders.has(uuid));
    const places = MAX_CANDIDATES - Math.min(others.length, UNHEARD_CANDIDATES);
    const first = drawSome(known, places, this.#random);
    return [...first, ...drawSome(others, MAX_CANDIDATES - first.length, this.#random)];
  }
}
