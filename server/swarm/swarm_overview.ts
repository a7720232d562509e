import type { z } from "zod";
import type { BrokenFilecast, BrokenSeed, filecastBroken } from "../../shared/rest/swarm.ts";
import type {
  PeerSort,
  SwarmPeer,
  swarmPeers,
  SwarmStatus,
} from "../../shared/rest/swarm_substrate.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import type { ManifestStore } from "./manifest_store.ts";
import type { ProgressTracker } from "./progress_tracker.ts";
import type { SwarmGates } from "./swarm_gates.ts";

/** Hostnames named for one filecast that nobody online holds. */
const MAX_NAMED_HOLDERS = 16;

export interface SwarmOverviewOptions {
  readonly index: Pick<FleetIndex, "states" | "getActive">;
  readonly manifest: Pick<ManifestStore, "blobs">;
  readonly progress: Pick<ProgressTracker, "blobsOf" | "problems">;
  readonly gates: Pick<SwarmGates, "resolve" | "seederPatterns">;
  readonly serverHostname: string;
  readonly now: () => number;
}

/** What the server knows of the swarm as a whole: who takes part, with how much, and what stands still. */
export class SwarmOverview {
  readonly #options: SwarmOverviewOptions;

  constructor(options: SwarmOverviewOptions) {
    this.#options = options;
  }

  status(): SwarmStatus {
    const { manifest, gates, serverHostname, now } = this.#options;
    const peers = this.#peers();
    const entries = [...manifest.blobs()];
    const active = entries.filter(({ state }) => state === "active");
    const payloads: Record<string, number> = {};
    for (const { subsystem } of active) payloads[subsystem] = (payloads[subsystem] ?? 0) + 1;
    return {
      generatedAtMs: now(),
      envoysOnline: peers.filter(({ presence }) => presence === "online").length,
      envoysTotal: peers.length,
      substrateActive: peers.filter(({ substrate }) => substrate === "active").length,
      seedingEnvoys: peers.filter(({ seeding }) => seeding > 0).length,
      footprintBytes: peers.reduce((sum, { footprintBytes }) => sum + footprintBytes, 0),
      manifestActive: active.length,
      manifestRevoked: entries.length - active.length,
      payloads,
      allowlist: { implicit: serverHostname, patterns: [...gates.seederPatterns] },
    };
  }

  /** @param limit 0 for all. */
  peers(
    sort: PeerSort,
    limit: number,
  ): Omit<z.output<typeof swarmPeers.answer>, "nextCursor"> {
    const keyOf = peerKey(sort);
    const peers = this.#peers().sort((one, other) => compareText(keyOf(one), keyOf(other)));
    return {
      generatedAtMs: this.#options.now(),
      sort,
      total: peers.length,
      peers: limit === 0 ? peers : peers.slice(0, limit),
    };
  }

  /** Seeds that their envoys refuse, and active entries that no online envoy holds whole; at most `limit` of each. */
  broken(limit: number): Omit<z.output<typeof filecastBroken.answer>, "nextCursor"> {
    const seeds = this.#brokenSeeds();
    const filecasts = this.#brokenFilecasts();
    return {
      seeds: seeds.slice(0, limit),
      filecasts: filecasts.slice(0, limit),
      seedsTotal: seeds.length,
      filecastsTotal: filecasts.length,
    };
  }

  #peers(): SwarmPeer[] {
    const { index, manifest } = this.#options;
    const sizes = new Map<string, number>();
    const seeding = new Map<string, number>();
    for (const { sha256, sizeBytes, state, origin } of manifest.blobs()) {
      sizes.set(sha256, sizeBytes);
      const host = origin.toLowerCase();
      if (state === "active") seeding.set(host, (seeding.get(host) ?? 0) + 1);
    }
    return [...index.states()].map((state) =>
      this.#peer(state, seeding.get(state.record.hostname) ?? 0, sizes)
    );
  }

  #peer(state: EnvoyState, seeding: number, sizes: ReadonlyMap<string, number>): SwarmPeer {
    const { progress, gates, now } = this.#options;
    const { uuid, hostname } = state.record;
    let cached = 0, downloading = 0, footprintBytes = 0, holdsAnything = false;
    for (const [sha256, blob] of progress.blobsOf(uuid) ?? []) {
      const { status, origin, chunksHave } = blob;
      holdsAnything ||= chunksHave > 0 || status === "downloading" || status === "complete";
      if (status === "downloading") downloading += 1;
      if (status !== "complete" || origin) continue;
      cached += 1;
      footprintBytes += sizes.get(sha256) ?? 0;
    }
    const takesPart = gates.resolve(hostname).enabled && (holdsAnything || seeding > 0);
    return {
      uuid,
      hostname,
      presence: state.isOnline(now()) ? "online" : "offline",
      substrate: takesPart ? "active" : "idle",
      seeding,
      cached,
      downloading,
      footprintBytes,
      lastSeenMs: state.reported?.lastSeenMs ?? null,
    };
  }

  #brokenSeeds(): BrokenSeed[] {
    const { index, progress } = this.#options;
    return [...index.states()].flatMap(({ record: { uuid, hostname } }) =>
      progress.problems(uuid).map(({ label, reason }) => ({ hostname, label, reason }))
    ).sort((one, other) => compareText(one.hostname, other.hostname));
  }

  #brokenFilecasts(): BrokenFilecast[] {
    const { index, manifest, progress, gates, now } = this.#options;
    const nowMs = now();
    const held = new Set<string>();
    const heldOffline = new Map<string, string[]>();
    for (const state of index.states()) {
      const { uuid, hostname } = state.record;
      const serves = state.isOnline(nowMs) && gates.resolve(hostname).subsystems.payload;
      for (const [sha256, { status }] of progress.blobsOf(uuid) ?? []) {
        if (status !== "complete") continue;
        if (serves) held.add(sha256);
        else heldOffline.set(sha256, [...heldOffline.get(sha256) ?? [], hostname]);
      }
    }
    return [...manifest.blobs()].flatMap((entry) => {
      if (entry.state !== "active" || held.has(entry.sha256)) return [];
      const reason = this.#whyMissing(entry, nowMs);
      if (reason === undefined) return [];
      const { sha256, label, origin } = entry;
      const heldBy = (heldOffline.get(sha256) ?? []).sort(compareText);
      return [{ sha256, label, origin, reason, heldBy: heldBy.slice(0, MAX_NAMED_HOLDERS) }];
    }).sort((one, other) => compareText(one.label, other.label));
  }

  /** Why not even its origin gives an entry; `undefined` if it does as far as anybody can tell. */
  #whyMissing({ origin }: ManifestEntry, nowMs: number): string | undefined {
    const { index, progress, gates } = this.#options;
    const state = index.getActive(origin);
    if (!state) return `its origin ${origin} is not in the fleet any more`;
    if (!gates.resolve(origin).subsystems.payload) return `its origin ${origin} may not cast files`;
    if (!state.isOnline(nowMs)) return `its origin ${origin} is offline`;
    // One that has not said anything to this process yet has what it signed.
    if (progress.blobsOf(state.record.uuid) === undefined) return undefined;
    return `its origin ${origin} does not have it any more`;
  }
}

/** The most first, and hostnames from a to z. */
/** By what peers come in order: the heaviest first, and equals by name. */
export function peerKey(sort: PeerSort): (peer: SwarmPeer) => string {
  const weigh = {
    footprint: ({ footprintBytes }: SwarmPeer) => footprintBytes,
    blobs: ({ cached, seeding }: SwarmPeer) => cached + seeding,
    hostname: () => 0,
  }[sort];
  return (peer) => {
    const lightness = Number.MAX_SAFE_INTEGER - weigh(peer);
    return `${String(lightness).padStart(16, "0")} ${peer.hostname} ${peer.uuid}`;
  };
}

/** By what broken seeds come in order. */
export function brokenSeedKey({ hostname, label }: BrokenSeed): string {
  return `${hostname} ${label}`;
}

/** By what broken filecasts come in order. */
export function brokenFilecastKey({ label, sha256 }: BrokenFilecast): string {
  return `${label} ${sha256}`;
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
