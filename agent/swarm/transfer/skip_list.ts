/** Blobs that could not be fetched, with the reason and when to try again. Pure; time goes in. */
export class SkipList {
  readonly #skipped = new Map<
    string,
    { readonly reason: string; readonly retryMs: number }
  >();
  /** What blobs wait for that were given up for a moment. */
  readonly #waiting = new Map<string, string>();

  /** @param pauseMs `Infinity` if there is no point in trying this entry again. */
  add(sha256: string, reason: string, nowMs: number, pauseMs: number): void {
    this.#skipped.set(sha256, { reason, retryMs: nowMs + pauseMs });
  }

  /** Lets everything be tried again now that can be. */
  release(): void {
    for (const [sha256, { reason, retryMs }] of this.#skipped) {
      if (retryMs !== Infinity) this.#skipped.set(sha256, { reason, retryMs: 0 });
    }
  }

  /** Gives a blob up for a moment: it is not skipped, and waits for what `reason` says. */
  addWaiting(sha256: string, reason: string, nowMs: number, pauseMs: number): void {
    this.#skipped.set(sha256, { reason: "", retryMs: nowMs + pauseMs });
    this.#waiting.set(sha256, reason);
  }

  /** What a blob waits for that was given up for a moment. */
  waitsFor(sha256: string): string | undefined {
    return this.#waiting.get(sha256);
  }

  /** Something of the blob came. */
  noteProgress(sha256: string): void {
    this.#waiting.delete(sha256);
  }

  remove(sha256: string): void {
    this.#skipped.delete(sha256);
    this.#waiting.delete(sha256);
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
