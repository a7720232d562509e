import { chunkDigest, digestAt, sameDigest } from "../../../shared/swarm/chunk_layout.ts";

/** Whether these are the bytes of chunk `chunk`; no bytes, as of a file that ended early, are not. */
export function verifyChunk(
  digests: Uint8Array,
  chunk: number,
  bytes: Uint8Array | undefined,
): boolean {
  return bytes !== undefined && sameDigest(chunkDigest(bytes), digestAt(digests, chunk));
}
