/** Buffers of one size that are used again, so that a large download does not fill memory faster than it is collected. */
export class BufferPool {
  readonly #sizeBytes: number;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#free.pop() ?? new Uint8Array(this.#sizeBytes);
  }

  /** Gives a buffer back; whoever gives it must not use it any more. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    this.#free.push(buffer);
  }
}
