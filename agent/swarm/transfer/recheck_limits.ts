/** A chunk that was found sound, or mended, is not read again for the same complaint within this time. */
const SAME_CHUNK_MS = 60_000;
/** Chunks read again in one minute, whoever complains: some 30 MiB, which no disk notices. */
export const MAX_RECHECKS_PER_MINUTE = 30;

/** Bounds what complaints about wrong bytes can cost: each has a chunk read from the disk. Pure; time goes in. */
export class RecheckLimits {
  readonly #checkedMs = new Map<string, number>();

  /** Whether this chunk may be read again now; it counts as read then. */
  take(sha256: string, chunk: number, nowMs: number): boolean {
    for (const [key, checkedMs] of this.#checkedMs) {
      if (nowMs - checkedMs >= SAME_CHUNK_MS) this.#checkedMs.delete(key);
    }
    const key = `${sha256}:${chunk}`;
    if (this.#checkedMs.has(key) || this.#checkedMs.size >= MAX_RECHECKS_PER_MINUTE) return false;
    this.#checkedMs.set(key, nowMs);
    return true;
  }
}
