import { BufferPool } from "./buffer_pool.ts";

/**
 * Room for the bytes of one chunk. Its memory is taken when the first byte is about to come: most requests only wait for
 * their answer, and with 8 peers and 4 requests each this is 32 MiB that an agent does without.
 */
export class ChunkRoom {
  readonly #pool: BufferPool;
  readonly sizeBytes: number;
  #buffer: Uint8Array<ArrayBuffer> | undefined;

  /** @param pool Its buffers have at least `sizeBytes`. */
  constructor(pool: BufferPool, sizeBytes: number) {
    this.#pool = pool;
    this.sizeBytes = sizeBytes;
  }

  /** The bytes, always the same ones, exactly {@linkcode sizeBytes}. */
  open(): Uint8Array {
    this.#buffer ??= this.#pool.take();
    return this.#buffer.subarray(0, this.sizeBytes);
  }

  /** Gives the memory back; nobody may use it any more. */
  close(): void {
    if (this.#buffer) this.#pool.give(this.#buffer);
    this.#buffer = undefined;
  }
}

/** Room of its own, for whoever fetches a single chunk. */
export function singleRoom(sizeBytes: number): ChunkRoom {
  return new ChunkRoom(new BufferPool(sizeBytes, 1), sizeBytes);
}
