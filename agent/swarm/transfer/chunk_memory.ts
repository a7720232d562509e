/** Buffers kept while nobody uses them. */
const MAX_IDLE = 16;
/** No buffer is smaller, so that blobs of a few kilobytes share theirs. */
const MIN_BUFFER_BYTES = 64 * 1024;

/**
 * Memory for chunks that arrive, shared by all downloads. A thousand small blobs, one after the other, would each take memory
 * of their own, and it comes back only when it is collected.
 */
export class ChunkMemory {
  readonly #idle: Uint8Array<ArrayBuffer>[] = [];
  #users = 0;

  /** A download begins. Once all have called what this returns, nothing is kept. */
  enter(): () => void {
    this.#users += 1;
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      this.#users -= 1;
      if (this.#users === 0) this.#idle.length = 0;
    };
  }

  /** At least `sizeBytes`; what is in them means nothing. */
  take(sizeBytes: number): Uint8Array<ArrayBuffer> {
    const at = this.#idle.findLastIndex(({ length }) => length >= sizeBytes);
    const [buffer] = at < 0 ? [] : this.#idle.splice(at, 1);
    return buffer ?? new Uint8Array(bufferBytes(sizeBytes));
  }

  /** Gives a buffer back; whoever gives it must not use it any more. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    if (this.#users > 0 && this.#idle.length < MAX_IDLE) this.#idle.push(buffer);
  }
}

/** The next power of two, so that blobs of about the same size share their buffers. */
function bufferBytes(sizeBytes: number): number {
  return Math.max(MIN_BUFFER_BYTES, 2 ** Math.ceil(Math.log2(Math.max(1, sizeBytes))));
}
