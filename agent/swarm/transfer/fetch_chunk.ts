import type { Bitmap } from "../../../shared/swarm/bitmap.ts";
import type { ChunkRequest, RequestOutcome } from "../../../shared/swarm/chunk_request.ts";
import type { ChunkRoom } from "../peers/chunk_room.ts";
import type { ChunkAnswer, PeerClient } from "../peers/peer_client.ts";
import { GivenBeforeError, PeerError } from "../peers/peer_error.ts";
import type { PeerEndpoint } from "../peers/peer_registry.ts";

/** A peer that is over a limit and does not say for how long is left alone for this long. */
const DEFAULT_RETRY_AFTER_MS = 1000;

export interface FetchChunkOptions {
  readonly client: Pick<PeerClient, "getChunk">;
  readonly endpoint: PeerEndpoint;
  readonly sha256: string;
  readonly request: Pick<ChunkRequest, "chunk" | "timeoutMs">;
  /** What is here of the blob: told with the question, so that the peer need not ask. */
  readonly held: Bitmap;
  /** Where the bytes go. */
  readonly into: ChunkRoom;
  readonly verify: (bytes: Uint8Array) => boolean;
  /** Waits until so many bytes may be received. */
  readonly takeBandwidth: (sizeBytes: number, signal: AbortSignal) => Promise<void>;
  /** Raised when the chunk has come from elsewhere, or the download ends; raised here when it takes too long. */
  readonly cancelled: AbortController;
}

/** How asking for a chunk ended, and what the answer said beside the bytes. */
export interface FetchedChunk {
  readonly outcome: RequestOutcome;
  readonly answer?: ChunkAnswer;
  /** Bits of the chunks that the peer has given to anybody, if it told; it may do so when it refuses. */
  readonly given?: Uint8Array;
}

/** Asks one peer for one chunk and judges what comes. Never throws for what a peer does. */
export async function fetchChunk(options: FetchChunkOptions): Promise<FetchedChunk> {
  const { client, endpoint, sha256, request: { chunk, timeoutMs }, held, into } = options;
  const { cancelled } = options;
  const startedMs = performance.now();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = !cancelled.signal.aborted;
    cancelled.abort();
  }, timeoutMs);
  try {
    await options.takeBandwidth(into.sizeBytes, cancelled.signal);
    const asked = { sha256, chunk, held };
    const answer = await client.getChunk(endpoint, asked, into, cancelled.signal);
    const elapsedMs = performance.now() - startedMs;
    const told = answer.given ? { answer, given: answer.given } : { answer };
    if (!options.verify(into.open())) return { outcome: { kind: "corrupt" }, ...told };
    return { outcome: { kind: "verified", elapsedMs }, ...told };
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    if (error instanceof GivenBeforeError) {
      return { outcome: { kind: "given_before" }, given: error.given };
    }
    return { outcome: isLate ? { kind: "timed_out", waitedMs: timeoutMs } : refusal(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** What the answer of a peer that gave no chunk means for the next requests to it. */
function refusal({ status, retryAfterMs }: PeerError): RequestOutcome {
  switch (status) {
    case 404:
    case 410:
      return { kind: "not_held" };
    case 503:
      return { kind: "busy", retryAfterMs: retryAfterMs ?? DEFAULT_RETRY_AFTER_MS };
    default:
      return { kind: "failed" };
  }
}
