/** Blobs that could not be fetched, with the reason and when to try again. Pure; time goes in. */
export class SkipList {
  readonly #skipped = new Map<string, { readonly reason: string; readonly retryMs: number }>();

  /** @param pauseMs `Infinity` if there is no point in trying this entry again. */
  add(sha256: string, reason: string, nowMs: number, pauseMs: number): void {
    this.#skipped.set(sha256, { reason, retryMs: nowMs + pauseMs });
  }

  remove(sha256: string): void {
    this.#skipped.delete(sha256);
  }

  /** Whether it is too early to try again. */
  isWaiting(sha256: string, nowMs: number): boolean {
    return (this.#skipped.get(sha256)?.retryMs ?? 0) > nowMs;
  }

  /** Why a blob was skipped last; empty if it was only given up for a moment. */
  reason(sha256: string): string | undefined {
    return this.#skipped.get(sha256)?.reason;
  }
}
