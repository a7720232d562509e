import type { BlobState } from "../swarm/progress_tracker.ts";

/** Bytes that envoys fetched, by where they came from. */
export interface SourceBytes {
  /** The envoy that the blob was cast from. */
  readonly origin: number;
  /** Any other envoy. */
  readonly peer: number;
  readonly server: number;
}

export const NO_BYTES: SourceBytes = { origin: 0, peer: 0, server: 0 };

/** What is known of a blob beside its progress. */
export interface BlobFacts {
  readonly sizeBytes: number;
  readonly chunkSizeBytes: number;
  /** Hostname. */
  readonly origin: string;
}

type Blobs = ReadonlyMap<string, Pick<BlobState, "sources">>;

/**
 * What an envoy has fetched between two reports of its progress. Chunks that it found on its own disk were not fetched; of
 * its first report nobody knows how old it is, so nothing is counted.
 */
export function measureFetched(
  before: Blobs | undefined,
  after: Blobs,
  factsOf: (sha256: string) => BlobFacts | undefined,
): SourceBytes {
  if (before === undefined) return NO_BYTES;
  const bytes = { origin: 0, peer: 0, server: 0 };
  for (const [sha256, { sources }] of after) {
    const facts = factsOf(sha256);
    if (facts === undefined) continue;
    const counted = before.get(sha256)?.sources ?? {};
    for (const [source, chunks] of Object.entries(sources)) {
      const fetched = chunks - (counted[source] ?? 0);
      // What a source has once given is not taken back: the envoy began anew.
      if (source === "cached" || fetched <= 0) continue;
      // The last chunk is shorter, and a count may be a lie; no blob has more bytes than it has.
      const size = Math.min(fetched * facts.chunkSizeBytes, facts.sizeBytes);
      if (source === "server") bytes.server += size;
      else if (source.toLowerCase() === facts.origin.toLowerCase()) bytes.origin += size;
      else bytes.peer += size;
    }
  }
  return bytes;
}
