/** Requests that were posted to another thread and are not answered yet, told apart by their numbers. */
export class PendingAnswers<Answer> {
  readonly #waiting = new Map<number, (answer: Answer | null) => void>();
  #nextId = 1;

  /** How many are waited for. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Posts a request and waits for what {@linkcode settle} brings.
   *
   * @param timeoutMs How long; absent for as long as it takes.
   * @returns `null` if there is no answer, or none in time.
   */
  async ask(post: (requestId: number) => void, timeoutMs?: number): Promise<Answer | null> {
    const requestId = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<Answer | null>();
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => resolve(null), timeoutMs);
    this.#waiting.set(requestId, resolve);
    try {
      post(requestId);
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(requestId);
    }
  }

  /** An answer, or `null` for none; one to a request that nobody waits for any more changes nothing. */
  settle(requestId: number, answer: Answer | null): void {
    this.#waiting.get(requestId)?.(answer);
  }

  /** Answers all of them alike. */
  settleAll(answer: Answer | null): void {
    for (const settle of this.#waiting.values()) settle(answer);
  }
}
