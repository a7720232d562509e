import { createHash } from "node:crypto";
import { type Sha256, sha256Hex } from "../crypto/sha256.ts";

/** Smallest chunk that a seed gets: one request then costs little beside what it carries. */
export const MIN_CHUNK_BYTES = 1024 * 1024;
/** Chunks grow so that a blob has no more than this many: bitmaps and digest lists stay small. */
export const MAX_CHUNKS = 4096;
/** Most chunks that a reader accepts, for entries whose author aimed differently. */
export const MAX_ACCEPTED_CHUNKS = 65_536;
/** Size of a chunk digest: BLAKE2b-512 (RFC 7693), the fastest one that the runtime has. */
export const CHUNK_DIGEST_BYTES = 64;

/** How a blob is cut. */
export interface ChunkLayout {
  readonly sizeBytes: number;
  readonly chunkSizeBytes: number;
  readonly count: number;
}

/** The chunk size for a new seed: 1 MiB, doubled until {@linkcode MAX_CHUNKS} suffice. */
export function chooseChunkSize(sizeBytes: number): number {
  let chunkSizeBytes = MIN_CHUNK_BYTES;
  while (sizeBytes > chunkSizeBytes * MAX_CHUNKS) chunkSizeBytes *= 2;
  return chunkSizeBytes;
}

/**
 * The layout of a blob. An empty blob has no chunk.
 *
 * @throws {RangeError} if it would have more than {@linkcode MAX_ACCEPTED_CHUNKS} chunks.
 */
export function layoutOf(
  { sizeBytes, chunkSizeBytes }: Pick<ChunkLayout, "sizeBytes" | "chunkSizeBytes">,
): ChunkLayout {
  const count = Math.ceil(sizeBytes / chunkSizeBytes);
  if (count > MAX_ACCEPTED_CHUNKS) {
    throw new RangeError(
      `Cannot cut ${sizeBytes} bytes into chunks of ${chunkSizeBytes}: that is ${count} chunks, and at most ${MAX_ACCEPTED_CHUNKS} are accepted`,
    );
  }
  return { sizeBytes, chunkSizeBytes, count };
}

/** Where chunk `index` lies: its first byte and its length. */
export function chunkSpan(
  layout: ChunkLayout,
  index: number,
): { readonly offset: number; readonly length: number } {
  const offset = index * layout.chunkSizeBytes;
  return { offset, length: Math.min(layout.chunkSizeBytes, layout.sizeBytes - offset) };
}

/** The digest that identifies a chunk's bytes. */
export function chunkDigest(bytes: Uint8Array): Uint8Array {
  return createHash("blake2b512").update(bytes).digest();
}

/** The digest that a manifest entry carries: SHA-256 of the chunk digests, one after the other. */
export function digestOfChunks(digests: Uint8Array): Sha256 {
  return sha256Hex(digests);
}

/** The digest of chunk `index` within a digest list. */
export function digestAt(digests: Uint8Array, index: number): Uint8Array {
  return digests.subarray(index * CHUNK_DIGEST_BYTES, (index + 1) * CHUNK_DIGEST_BYTES);
}

/** Whether two digests are the same bytes. Digests are public, so the time this takes tells nothing. */
export function sameDigest(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
