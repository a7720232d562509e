import type { PartialBlob } from "../blobs/partial_blob.ts";
import type { Hasher, PrefixHash } from "../hashing/hasher.ts";

/** Has the SHA-256 of a blob in flight made along the chunks that are there without a gap, so that no byte is read twice. */
export class PrefixFollower {
  readonly #hasher: Pick<Hasher, "follow">;
  readonly #partial: PartialBlob;
  #hash: PrefixHash;

  constructor(hasher: Pick<Hasher, "follow">, partial: PartialBlob) {
    this.#hasher = hasher;
    this.#partial = partial;
    this.#hash = hasher.follow(partial.dataPath);
    this.advance();
  }

  /** Chunks have come: goes on to the first gap. */
  advance(): void {
    const { layout: { sizeBytes, chunkSizeBytes }, chunks } = this.#partial;
    const endBytes = Math.min(sizeBytes, chunks.contiguousPrefix * chunkSizeBytes);
    if (endBytes > 0) this.#hash.advance(endBytes);
  }

  /** Something that may have been hashed was damaged: begins anew. */
  restart(): void {
    this.#hash.abandon();
    this.#hash = this.#hasher.follow(this.#partial.dataPath);
    this.advance();
  }

  /** The SHA-256 of the whole; every chunk is there. */
  finish(): Promise<string> {
    this.#hash.advance(this.#partial.layout.sizeBytes);
    return this.#hash.finish();
  }

  abandon(): void {
    this.#hash.abandon();
  }
}
