/** Buffers of one size that are used again, so that a large download does not fill memory faster than it is collected. */
export class BufferPool {
  readonly #sizeBytes: number;
  readonly #maxIdle: number;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];

  /** @param maxIdle Buffers kept while nobody uses them; what is given back beyond that is let go. */
  constructor(sizeBytes: number, maxIdle: number) {
    this.#sizeBytes = sizeBytes;
    this.#maxIdle = maxIdle;
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#free.pop() ?? new Uint8Array(this.#sizeBytes);
  }

  /** Gives a buffer back; whoever gives it must not use it any more. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    if (this.#free.length < this.#maxIdle) this.#free.push(buffer);
  }
}
