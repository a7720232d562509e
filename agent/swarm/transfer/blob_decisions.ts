import type { Manifest } from "../../../shared/swarm/manifest.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";

/** What is known when it is decided what to hold and what to fetch. */
export interface BlobFacts {
  readonly manifest: Pick<Manifest, "effective" | "isLive" | "isRevoked" | "blobs">;
  /** Complete blobs. */
  readonly held: readonly { readonly sha256: string; readonly completedMs: number }[];
  /** Blobs that wait or are being fetched. */
  readonly fetching: readonly string[];
  /** Whether the gates let this envoy fetch. */
  readonly isOpen: boolean;
  /** Whether the manifest is known to hold all that the server says. */
  readonly knowsServer: boolean;
  /** Whether this envoy should have the blob and may fetch it now. */
  readonly isWanted: (entry: ManifestEntry) => boolean;
  /** Time in ms, corrected to the server's clock. */
  readonly nowMs: number;
}

/** What to do so that this envoy holds what the manifest says, and nothing else. */
export interface BlobDecisions {
  readonly evict: readonly {
    readonly entry: ManifestEntry;
    /** `expired`: its retention is over, and it is not to be fetched again. */
    readonly why: "revoked" | "expired";
  }[];
  /** Complete blobs that nobody who counts speaks for: their seeder may seed no more. They are kept for a week. */
  readonly bury: readonly string[];
  /** Downloads to end; of a revoked blob nothing is kept. */
  readonly stop: readonly { readonly sha256: string; readonly isRevoked: boolean }[];
  /** Blobs that are to be fetched and are not, the oldest word first. */
  readonly wanted: readonly ManifestEntry[];
}

/** Compares what there is with what the manifest says. Pure. */
export function decideBlobs(facts: BlobFacts): BlobDecisions {
  const { manifest, held, fetching, isOpen, knowsServer, isWanted, nowMs } = facts;
  const evict = held.flatMap(({ sha256, completedMs }): BlobDecisions["evict"] => {
    const entry = manifest.effective(sha256);
    if (!entry) return [];
    if (!manifest.isLive(sha256)) return [{ entry, why: "revoked" }];
    return isOver(entry, completedMs, nowMs) ? [{ entry, why: "expired" }] : [];
  });
  // While the server may still speak for it, or the gates are shut, it is left alone.
  const bury = !isOpen || !knowsServer
    ? []
    : held.map(({ sha256 }) => sha256).filter((sha256) => !manifest.effective(sha256));
  const stop = fetching.filter((sha256) => !isOpen || !manifest.isLive(sha256))
    .map((sha256) => ({ sha256, isRevoked: manifest.isRevoked(sha256) }));
  const there = new Set(held.map(({ sha256 }) => sha256));
  const underWay = new Set(fetching);
  const wanted = !isOpen ? [] : [...manifest.blobs()]
    .filter((entry) =>
      manifest.isLive(entry.sha256) && !there.has(entry.sha256) && !underWay.has(entry.sha256) &&
      isWanted(entry)
    )
    .sort((one, other) => one.stamp - other.stamp);
  return { evict, bury, stop, wanted };
}

function isOver({ retentionSecs }: ManifestEntry, completedMs: number, nowMs: number): boolean {
  return retentionSecs > 0 && nowMs > completedMs + retentionSecs * 1000;
}
