import type { BlobState } from "./progress_tracker.ts";

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

/** What an envoy fetched of one blob from one source. */
export interface Fetched {
  /** A hostname, or `server`. */
  readonly source: string;
  readonly chunks: number;
  readonly sizeBytes: number;
  /** Whether the source is the envoy that the blob was cast from. */
  readonly isFromOrigin: boolean;
}

/**
 * What an envoy has fetched between two reports of its progress. Chunks that it found on its own disk were not fetched; of
 * its first report nobody knows how old it is, so nothing is counted.
 */
export function* listFetched(
  before: Blobs | undefined,
  after: Blobs,
  factsOf: (sha256: string) => BlobFacts | undefined,
): Generator<Fetched> {
  if (before === undefined) return;
  for (const [sha256, { sources }] of after) {
    const facts = factsOf(sha256);
    if (facts === undefined) continue;
    const counted = before.get(sha256)?.sources ?? {};
    for (const [source, chunks] of Object.entries(sources)) {
      const fetched = chunks - (counted[source] ?? 0);
      // What a source has once given is not taken back: the envoy began anew.
      if (source === "cached" || fetched <= 0) continue;
      // The last chunk is shorter, and a count may be a lie; no blob has more bytes than it has.
      yield {
        source,
        chunks: fetched,
        sizeBytes: Math.min(fetched * facts.chunkSizeBytes, facts.sizeBytes),
        isFromOrigin: source.toLowerCase() === facts.origin.toLowerCase(),
      };
    }
  }
}

/** The same in bytes, by the kind of source. */
export function measureFetched(...reports: Parameters<typeof listFetched>): SourceBytes {
  const bytes = { origin: 0, peer: 0, server: 0 };
  for (const { source, sizeBytes, isFromOrigin } of listFetched(...reports)) {
    if (source === "server") bytes.server += sizeBytes;
    else if (isFromOrigin) bytes.origin += sizeBytes;
    else bytes.peer += sizeBytes;
  }
  return bytes;
}
