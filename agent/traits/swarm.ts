import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { SwarmState } from "../swarm/mirror.ts";
import type { Collector } from "./collector.ts";

/** Blobs named in a trait; more only tell a number. */
const MAX_NAMED_BLOBS = 1000;

/** What an envoy reports about its swarm, from the engine's state file; nothing while the swarm was never on. */
export function swarmCollectors(folder: string): readonly Collector[] {
  const collector = (name: keyof SwarmTraits): Collector => ({
    name,
    kind: "stable",
    collect: async (): Promise<Json> => {
      // Loaded when it is needed: most commands that know the collectors never ask.
      const { readSwarmState } = await import("../swarm/mirror.ts");
      const state = await readSwarmState(folder);
      if (state.ok) return swarmTraits(state.value)[name];
      if (state.isAbsent) return swarmTraits({ blobs: [], problems: [] })[name];
      throw new Error(state.reason);
    },
  });
  return [collector("swarm"), collector("swarm_seeds")];
}

/** The traits `swarm` and `swarm_seeds`. */
export interface SwarmTraits {
  readonly swarm: Readonly<Record<string, Json>>;
  readonly swarm_seeds: readonly Json[];
}

/** The traits that follow from the engine's state, which itself is bounded in what it tells of chunks. */
export function swarmTraits(
  { blobs, problems }: Pick<SwarmState, "blobs" | "problems">,
): SwarmTraits {
  const complete = blobs.filter(({ status }) => status === "complete");
  const downloading = blobs.filter(({ status }) => status === "downloading")
    .slice(0, MAX_NAMED_BLOBS);
  const named = complete.slice(0, MAX_NAMED_BLOBS);
  const received = [...named, ...downloading].filter(({ isSeed }) => !isSeed);
  return {
    swarm: {
      blob_count: complete.length,
      blobs: named.map(({ sha256 }) => sha256),
      chunk_sources: Object.fromEntries(received.map((blob) => [blob.sha256, blob.sources])),
      chunk_details: Object.fromEntries(
        received.flatMap(({ sha256, slowest }): [string, Json][] =>
          slowest ? [[sha256, slowest.map((detail) => ({ ...detail }))]] : []
        ),
      ),
      active_download_ms: Object.fromEntries(
        received.map((blob) => [blob.sha256, blob.activeDownloadMs]),
      ),
      downloading: Object.fromEntries(downloading.map((blob) => [blob.sha256, blob.chunksHave])),
    },
    swarm_seeds: [
      ...blobs.filter(({ isSeed }) => isSeed).slice(0, MAX_NAMED_BLOBS).map((blob) => ({
        sha256: blob.sha256,
        label: blob.label,
        size_bytes: blob.sizeBytes,
        target: blob.target,
        retention_secs: blob.retentionSecs,
      })),
      ...problems.slice(0, MAX_NAMED_BLOBS).map(({ label, reason }) => ({ label, reason })),
    ],
  };
}
