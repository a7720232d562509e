import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";

/** Uploads remembered until the seeder's manifest entry arrives. */
const MAX_AWAITED = 100;
/** A cast that its seeder has not signed for so long is none any more, and hides nothing that is in force, in ms. */
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
  readonly #calledOff = new Map<string, Awaited>();

  /** @param former the entry in force for the same blob. */
  add(cast: Cast, former: ManifestEntry | undefined, nowMs: number): void {
    this.#awaited.delete(cast.sha256);
    this.#calledOff.delete(cast.sha256);
    if (former && (isAsked(former, cast) || isOthers(former, cast))) return;
    makeRoom(this.#awaited);
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

  /** The blob is revoked: a cast of it that has not come yet is not awaited any more, and is unwelcome when it comes. */
  callOff(sha256: string): void {
    const awaited = this.#awaited.get(sha256);
    if (!awaited) return;
    this.#awaited.delete(sha256);
    makeRoom(this.#calledOff);
    this.#calledOff.set(sha256, awaited);
  }

  /** Whether an entry is that of a cast that was called off. True once: whoever asks revokes it. */
  takeCalledOff(entry: ManifestEntry, nowMs: number): boolean {
    const calledOff = this.#calledOff.get(entry.sha256);
    if (!calledOff || !isAsked(entry, calledOff.cast)) return false;
    this.#calledOff.delete(entry.sha256);
    // A seeder signs what it was handed long before; this one is somebody's own seed.
    return nowMs - calledOff.sinceMs <= GIVEN_UP_AFTER_MS;
  }

  has(sha256: string): boolean {
    return this.#awaited.has(sha256);
  }

  *casts(): Generator<Cast> {
    for (const { cast } of this.#awaited.values()) yield cast;
  }
}

/** Forgets the oldest, so that one more fits. */
function makeRoom(casts: Map<string, unknown>): void {
  for (const sha256 of casts.keys()) {
    if (casts.size < MAX_AWAITED) break;
    casts.delete(sha256);
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
