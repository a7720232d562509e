import { Bitmap } from "../../../shared/swarm/bitmap.ts";
import {
  CHUNK_DIGEST_BYTES,
  digestOfChunks,
  layoutOf,
} from "../../../shared/swarm/chunk_layout.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { readKeptDigests } from "../blobs/earlier_run.ts";
import { pause } from "../runtime/task_scope.ts";
import type { PeerClient } from "../peers/peer_client.ts";
import { PeerError } from "../peers/peer_error.ts";
import type { ProvenPeer } from "../peers/peer_registry.ts";
import type { SwarmPaths } from "../swarm_paths.ts";
import type { KnownHolder } from "./download_plan.ts";
import { unlessAborted } from "./fetch_from_server.ts";
import { POLL_EMPTY_MS } from "./holder_poll.ts";
import type { LastResort, ServerSource } from "./last_resort.ts";

/** Without any holder for this long the download gives up until later. */
const NO_HOLDER_MS = 30_000;
/** A server whose bytes are wrong will not have others a moment later. */
export const WRONG_BYTES = {
  ok: false,
  reason: "it sent wrong bytes",
  isFinal: true,
} as const;
/** How soon a peer that has just been found is asked. */
const LOOK_MS = 100;

export interface FindDigestsOptions {
  readonly entry: ManifestEntry;
  readonly paths: SwarmPaths;
  readonly client: Pick<PeerClient, "getBlob">;
  readonly candidates: () => readonly ProvenPeer[];
  readonly server: ServerSource;
  readonly lastResort: LastResort;
  readonly signal: AbortSignal;
}

/** The chunk digests of a blob, verified, and what the peer that gave them holds. */
export interface FoundDigests {
  readonly digests: Uint8Array<ArrayBuffer>;
  readonly holder?: KnownHolder | undefined;
}

/**
 * The chunk digests of a blob, from the last run or from the first peer whose list is the one the entry names; from the
 * server when peers had their time. `undefined` if nobody has it within 30 s, or the signal is raised.
 */
export async function findDigests(
  { entry, paths, client, candidates, server, lastResort, signal }: FindDigestsOptions,
): Promise<FoundDigests | undefined> {
  if (layoutOf(entry).count === 0) return { digests: new Uint8Array() };
  const kept = await readKeptDigests(paths, entry);
  if (kept) return { digests: kept };
  const deadlineMs = performance.now() + NO_HOLDER_MS;
  const askAtMs = new Map<string, number>();
  while (!signal.aborted && performance.now() < deadlineMs) {
    for (const peer of candidates()) {
      if (signal.aborted || (askAtMs.get(peer.uuid) ?? 0) > performance.now()) continue;
      const found = await askDigests(client, peer, entry, signal);
      if (found) return found;
      askAtMs.set(peer.uuid, performance.now() + POLL_EMPTY_MS);
    }
    if (lastResort.mayAsk(performance.now())) {
      const digests = await askServer(server, lastResort, entry, signal);
      if (digests) return { digests };
    }
    await pause(LOOK_MS, signal);
  }
  return undefined;
}

async function askServer(
  server: ServerSource,
  lastResort: LastResort,
  entry: ManifestEntry,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  lastResort.noteAsked();
  const sizeBytes = layoutOf(entry).count * CHUNK_DIGEST_BYTES;
  const answer = await unlessAborted(server.fetch(entry.sha256, "digests", sizeBytes), signal);
  if (!answer) return undefined;
  const isRight = answer.ok && digestOfChunks(answer.bytes) === entry.chunksDigest;
  lastResort.noteAnswer(answer.ok && !isRight ? WRONG_BYTES : answer, performance.now());
  return isRight ? new Uint8Array(answer.bytes) : undefined;
}

async function askDigests(
  client: FindDigestsOptions["client"],
  peer: ProvenPeer,
  entry: ManifestEntry,
  signal: AbortSignal,
): Promise<FoundDigests | undefined> {
  try {
    const { blob: { digests, chunks } } = await client.getBlob(peer, entry.sha256, true, signal);
    if (digests && digestOfChunks(digests) === entry.chunksDigest) {
      const held = Bitmap.fromBytes(layoutOf(entry).count, chunks);
      const holder = held && { peer, chunks: held };
      return { digests: new Uint8Array(digests), holder };
    }
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
  }
  return undefined;
}
