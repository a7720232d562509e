import type { Filecast, FilecastHost } from "../../shared/rest/swarm.ts";
import { TargetDecision } from "../../shared/swarm/target_decision.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import type { AwaitedCasts, Cast } from "./awaited_casts.ts";
import type { ManifestStore } from "./manifest_store.ts";
import type { BlobState, ProgressTracker } from "./progress_tracker.ts";
import type { SwarmGates } from "./swarm_gates.ts";

export interface CastRowsOptions {
  readonly index: FleetIndex;
  readonly manifest: ManifestStore;
  readonly progress: ProgressTracker;
  readonly gates: SwarmGates;
  /** Casts whose entry has not come yet. */
  readonly awaited: AwaitedCasts;
}

/** Tells for each envoy how far a cast has come there, from what was heard and what follows from the manifest. */
export class CastRows {
  readonly #options: CastRowsOptions;
  readonly #targets = new TargetDecision();

  constructor(options: CastRowsOptions) {
    this.#options = options;
  }

  /** Envoys that the cast is for, by hostname. */
  targetsOf({ target }: Pick<Cast, "target">): EnvoyState[] {
    const { index, gates } = this.#options;
    return [...index.states()]
      .filter(({ record, traits }) =>
        gates.resolve(record.hostname).subsystems.payload &&
        this.#targets.isTarget(target, {
          hostname: record.hostname,
          uuid: record.uuid,
          tags: record.tags,
          traits: traits.merged(),
        })
      )
      .sort((one, other) => one.record.hostname < other.record.hostname ? -1 : 1);
  }

  /** A row for the origin and for every target, then one for whoever else has the blob. */
  of(cast: Cast): FilecastHost[] {
    const { index, progress, manifest, awaited } = this.#options;
    const isAwaited = awaited.has(cast.sha256);
    // Whoever signed the entry has the file, whether its progress was heard since this process started or not.
    const isSeeded = !isAwaited && manifest.effective(cast.sha256)?.state === "active";
    const chunksTotal = Math.max(1, Math.ceil(cast.sizeBytes / cast.chunkSizeBytes));
    const row = (state: EnvoyState): FilecastHost => {
      const { hostname, uuid } = state.record;
      const assumed = unheard(cast, chunksTotal, hostname === cast.origin, isSeeded);
      // What was heard so far is about the entry that the awaited one replaces.
      const known = isAwaited ? undefined : progress.get(uuid, cast.sha256);
      return { hostname, ...judgeProgress(cast, known, assumed) };
    };
    const first = new Set(this.targetsOf(cast));
    const origin = isSeeded ? index.getActive(cast.origin) : undefined;
    if (origin) first.add(origin);
    const others = [...index.states()].filter((state) => {
      const known = progress.get(state.record.uuid, cast.sha256);
      if (isAwaited || first.has(state) || !known) return false;
      return cast.state === "revoked" || known.status === "complete";
    });
    return [[...first].map(row), others.map(row)].flatMap((rows) =>
      rows.sort((one, other) => one.hostname < other.hostname ? -1 : 1)
    );
  }
}

/** What is assumed of an envoy that has said nothing about a blob. */
function unheard(
  { state }: Cast,
  chunksTotal: number,
  isOrigin: boolean,
  isSeeded: boolean,
): BlobState {
  const isComplete = isOrigin && isSeeded;
  const silent = state === "revoked" ? "revoking" : "pending";
  return {
    status: isComplete ? "complete" : silent,
    chunksHave: isComplete ? chunksTotal : 0,
    chunksTotal,
    skipReason: "",
    sources: {},
    origin: isOrigin,
  };
}

function judgeProgress(cast: Cast, known: BlobState | undefined, assumed: BlobState): BlobState {
  if (!known) return assumed;
  const isRevocation = known.status === "revoked" || known.status === "revoking";
  // An envoy that still speaks of the revocation has not heard that the blob was cast again.
  if (cast.state === "active") return isRevocation ? assumed : known;
  return known.status === "revoked" ? known : { ...known, status: "revoking" };
}

/** A cast as it is listed: what it is, and how many envoys are how far. */
export function describeCast(cast: Cast, hosts: readonly FilecastHost[]): Filecast {
  const count = (status: FilecastHost["status"]) =>
    hosts.filter((host) => host.status === status).length;
  return {
    sha256: cast.sha256,
    label: cast.label,
    sizeBytes: cast.sizeBytes,
    chunks: Math.max(1, Math.ceil(cast.sizeBytes / cast.chunkSizeBytes)),
    target: cast.target,
    retentionSecs: cast.retentionSecs,
    origin: cast.origin,
    state: cast.state,
    createdAtMs: cast.createdMs,
    complete: count("complete"),
    downloading: count("downloading"),
    pending: count("pending"),
    skipped: count("skipped"),
  };
}
