/**
 * Most nonces remembered for one envoy at a time: a request each 150 ms over the ten minutes that a stamp may be valid.
 */
export const MAX_NONCES_PER_ENVOY = 4_096;

export type NonceVerdict = "fresh" | "replayed" | "full";

/**
 * The nonces that one envoy used, each for as long as the stamp beside it could pass the clock check. One per envoy, so
 * that none can make the server forget another's.
 */
export class NonceCache {
  /** Nonce as latin-1 text → when it may be forgotten, in ms. In the order of arrival. */
  readonly #forgetAt = new Map<string, number>();

  /** Remembers a nonce; past the limit it refuses rather than forgets. */
  take(nonce: Uint8Array, forgetAtMs: number, nowMs: number): NonceVerdict {
    this.#prune(nowMs);
    const key = String.fromCharCode(...nonce);
    if (this.#forgetAt.has(key)) return "replayed";
    if (this.#forgetAt.size >= MAX_NONCES_PER_ENVOY) return "full";
    this.#forgetAt.set(key, forgetAtMs);
    return "fresh";
  }

  get size(): number {
    return this.#forgetAt.size;
  }

  #prune(nowMs: number): void {
    // Stamps rise with arrival but for clock skew, so a late one waits at most the width of the window behind an early one.
    for (const [nonce, forgetAtMs] of this.#forgetAt) {
      if (forgetAtMs >= nowMs) return;
      this.#forgetAt.delete(nonce);
    }
  }
}
