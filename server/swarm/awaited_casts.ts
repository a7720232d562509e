import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";

/** Uploads remembered until the seeder's manifest entry arrives. */
const MAX_AWAITED = 100;
/** A cast that its seeder has not signed for so long no longer hides the entry that is in force, in ms. */
const GIVEN_UP_AFTER_MS = 60 * 60_000;

/** What is known of a cast, whether its manifest entry has arrived or not. */
export type Cast =
  & Pick<
    ManifestEntry,
    "label" | "sizeBytes" | "target" | "retentionSecs" | "origin" | "createdMs" | "state"
  >
  & { readonly sha256: string; readonly chunkSizeBytes: number };

interface Awaited {
  readonly cast: Cast;
  /** Stamp of the entry that it is to replace. */
  readonly formerStamp: number;
  readonly sinceMs: number;
}

/** Casts handed to the seeder that it has not signed yet: until then what was asked for decides, not what was in force. */
export class AwaitedCasts {
  readonly #awaited = new Map<string, Awaited>();

  /** @param former the entry in force for the same blob. */
  add(cast: Cast, former: ManifestEntry | undefined, nowMs: number): void {
    this.#awaited.delete(cast.sha256);
    if (former && (isAsked(former, cast) || isOthers(former, cast))) return;
    for (const sha256 of this.#awaited.keys()) {
      if (this.#awaited.size < MAX_AWAITED) break;
      this.#awaited.delete(sha256);
    }
    const formerStamp = former?.stamp ?? -1;
    this.#awaited.set(cast.sha256, { cast, formerStamp, sinceMs: nowMs });
  }

  /** Takes note of what is in force for a blob now. */
  hear(entry: ManifestEntry, nowMs: number): void {
    const awaited = this.#awaited.get(entry.sha256);
    if (!awaited) return;
    const { cast, formerStamp, sinceMs } = awaited;
    const isRevokedSince = entry.state === "revoked" && entry.stamp > formerStamp;
    const isGivenUp = nowMs - sinceMs > GIVEN_UP_AFTER_MS;
    if (isAsked(entry, cast) || isOthers(entry, cast) || isRevokedSince || isGivenUp) {
      this.#awaited.delete(entry.sha256);
    }
  }

  has(sha256: string): boolean {
    return this.#awaited.has(sha256);
  }

  *casts(): Generator<Cast> {
    for (const { cast } of this.#awaited.values()) yield cast;
  }
}

/** Whether an entry says what the cast asked for. */
function isAsked(entry: ManifestEntry, cast: Cast): boolean {
  return entry.state === "active" && entry.target === cast.target && entry.label === cast.label &&
    entry.retentionSecs === cast.retentionSecs;
}

/** Whether another envoy seeds the blob: then this one does not sign anything. */
function isOthers(entry: ManifestEntry, cast: Cast): boolean {
  return entry.state === "active" && entry.origin.toLowerCase() !== cast.origin;
}
