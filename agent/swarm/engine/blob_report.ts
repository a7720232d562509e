import { Buffer } from "node:buffer";
import type { BlobProgress } from "../../../shared/proto/agent.ts";
import type { ChunkMapFacts } from "../../../shared/swarm/chunk_map.ts";
import { layoutOf } from "../../../shared/swarm/chunk_layout.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import type { BlobStore } from "../blobs/blob_store.ts";
import type { ManifestBook } from "../manifest/manifest_book.ts";
import type { BlobState } from "../mirror.ts";
import type { Receiver } from "../transfer/receiver.ts";
import type { SeedKeeper } from "../seeds/seed_keeper.ts";

/** Hostnames listed per blob. */
const MAX_HOLDERS = 16;

/** Blobs whose slowest chunks are told: those in flight, and those that came last. */
const MAX_DETAILED = 8;

/** What a report is made from. */
export interface ReportSources {
  readonly book: ManifestBook;
  readonly store: BlobStore;
  readonly seeds: SeedKeeper;
  readonly receiver: Receiver;
  /** Under which key this envoy signs its entries. */
  readonly author: string;
  /** Hostnames of peers that announced something of a blob. */
  readonly claimants: (sha256: string) => readonly string[];
}

/** What became, on this envoy, of every blob that concerns it. */
export function reportBlobs(sources: ReportSources): BlobState[] {
  const seeds = sources.seeds.seeds;
  const blobs = [...sources.book.manifest.blobs()].flatMap((entry) =>
    reportBlob(sources, entry, seeds.has(entry.sha256)) ?? []
  );
  const detailed = new Set(
    blobs.filter(({ slowest }) => slowest !== undefined && slowest.length > 0)
      .sort((one, other) => (other.completedMs ?? Infinity) - (one.completedMs ?? Infinity) || 0)
      .slice(0, MAX_DETAILED).map(({ sha256 }) => sha256),
  );
  return blobs.map(({ slowest, ...blob }) =>
    slowest && detailed.has(blob.sha256) ? { ...blob, slowest } : blob
  );
}

function reportBlob(
  { book, store, receiver, author, claimants }: ReportSources,
  entry: ManifestEntry,
  liesInSeeds: boolean,
): BlobState | undefined {
  const { sha256 } = entry;
  const chunksTotal = countChunks(entry);
  const stored = store.get(sha256);
  const download = receiver.download(sha256);
  const isHeld = stored !== undefined || liesInSeeds;
  // A copy of what somebody else seeds makes nobody its origin; a revocation may be signed by the server.
  const isSeed = liesInSeeds && (entry.state !== "active" || entry.author === author);
  const isLive = book.manifest.isLive(sha256);
  const isConcerned = isHeld || receiver.isPending(sha256) || receiver.isTarget(entry);
  if (!isConcerned) return undefined;
  const skipReason = receiver.skipReason(sha256) ?? "";
  const base = {
    sha256,
    label: entry.label,
    sizeBytes: entry.sizeBytes,
    target: entry.target,
    origin: entry.origin,
    chunksTotal,
    isSeed,
    retentionSecs: entry.retentionSecs,
    sources: stored?.record.sources ?? download?.sources ?? {},
    activeDownloadMs: Math.round(stored?.record.activeDownloadMs ?? download?.activeMs ?? 0),
    slowest: stored?.record.slowest ?? download?.slowest ?? [],
    holders: [...new Set([...download?.holders ?? [], ...claimants(sha256)])]
      .slice(0, MAX_HOLDERS),
    skipReason: "",
    chunksHave: isHeld ? chunksTotal : download?.partial?.chunks.count ?? 0,
    ...(stored ? { completedMs: stored.record.completedMs } : {}),
  };
  if (!isLive) {
    const isLeaving = isHeld || receiver.isPending(sha256);
    return { ...base, status: isLeaving ? "revoking" : "revoked" };
  }
  if (isHeld) return { ...base, status: "complete" };
  // A blob that nobody gives is neither skipped nor lost: the reason says what it waits for.
  const waiting = { ...base, skipReason: receiver.waitsFor(sha256) ?? "" };
  if (download?.partial) return { ...waiting, status: "downloading" };
  if (skipReason !== "") return { ...base, status: "skipped", skipReason };
  return { ...waiting, status: "pending" };
}

/**
 * The same as the server hears it.
 *
 * @param map where its chunks came from, if that is told.
 * @param clockOffsetMs the server's clock minus this machine's.
 */
export function asProgress(
  blob: BlobState,
  map: ChunkMapFacts | undefined,
  clockOffsetMs: number,
): BlobProgress {
  const { sha256, status, chunksHave, chunksTotal, skipReason, sources, isSeed, completedMs } =
    blob;
  return {
    sha256,
    status,
    chunksHave,
    chunksTotal,
    skipReason,
    sources,
    origin: isSeed,
    ...(map ? { chunkMap: { chunks: Buffer.from(map.chunks), sources: [...map.sources] } } : {}),
    ...(completedMs === undefined || isSeed
      ? {}
      : { completedAtMs: Math.max(0, Math.round(completedMs + clockOffsetMs)) }),
  };
}

function countChunks(entry: ManifestEntry): number {
  try {
    return layoutOf(entry).count;
  } catch (error) {
    // More chunks than are accepted: such a blob is skipped, and there is no count to show.
    if (error instanceof RangeError) return 0;
    throw error;
  }
}
