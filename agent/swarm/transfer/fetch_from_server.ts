import { type ChunkLayout, chunkSpan } from "../../../shared/swarm/chunk_layout.ts";
import type { ChunkRun, ServerSource } from "./last_resort.ts";

export interface FetchFromServerOptions {
  readonly server: ServerSource;
  readonly sha256: string;
  /** What no peer holds. */
  readonly run: ChunkRun;
  readonly layout: ChunkLayout;
  readonly verify: (chunk: number, bytes: Uint8Array) => boolean;
  /** Waits until so many bytes may be received. */
  readonly takeBandwidth: (sizeBytes: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/** What came of asking the server for some chunks. */
export interface FetchedFromServer {
  readonly answer: Awaited<ReturnType<ServerSource["fetch"]>>;
  /** Chunk by chunk; the bytes of the server are believed as little as anybody's. */
  readonly pieces: readonly {
    readonly chunk: number;
    readonly bytes: Uint8Array;
    readonly isRight: boolean;
  }[];
  readonly startedMs: number;
}

/** Asks the server for a run of chunks and judges each. `undefined` if the signal was raised before it answered. */
export async function fetchFromServer(
  { server, sha256, run, layout, verify, takeBandwidth, signal }: FetchFromServerOptions,
): Promise<FetchedFromServer | undefined> {
  const chunks = Array.from({ length: run.count }, (_, step) => run.chunk + step);
  const spans = chunks.map((chunk) => ({ chunk, ...chunkSpan(layout, chunk) }));
  const sizeBytes = spans.reduce((sum, { length }) => sum + length, 0);
  await takeBandwidth(sizeBytes, signal);
  if (signal.aborted) return undefined;
  const startedMs = performance.now();
  const answer = await unlessAborted(server.fetch(sha256, run, sizeBytes), signal);
  if (!answer) return undefined;
  let at = 0;
  const pieces = !answer.ok ? [] : spans.map(({ chunk, length }) => {
    const bytes = answer.bytes.subarray(at, at += length);
    return { chunk, bytes, isRight: verify(chunk, bytes) };
  });
  return { answer, pieces, startedMs };
}

/** What the server answers, or `undefined` once the signal is raised: a server that is slow to answer holds nothing up. */
export function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const end = () => resolve(undefined);
    if (signal.aborted) end();
    signal.addEventListener("abort", end, { once: true });
    void answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
  });
}
