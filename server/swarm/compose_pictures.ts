import { layoutOf } from "../../shared/swarm/chunk_layout.ts";
import type { CastSample } from "../../shared/rest/swarm_graph.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import { listFetched } from "./swarm_meter.ts";
import { CastTimelines } from "./cast_timelines.ts";
import { ChunkMapBook } from "./chunk_map_book.ts";
import { ChunkViews } from "./chunk_views.ts";
import type { FilecastService } from "./filecast_service.ts";
import { FlowBook } from "./flow_book.ts";
import type { ManifestStore } from "./manifest_store.ts";
import type { ProgressNews, ProgressTracker } from "./progress_tracker.ts";
import { SwarmGraph } from "./swarm_graph.ts";
import type { SwarmOverview } from "./swarm_overview.ts";

/** What the swarm looks like: who gives whom, and who holds which chunks. */
export interface SwarmPictures {
  readonly graph: SwarmGraph;
  readonly chunks: ChunkViews;
  /** An envoy has reported. */
  noteProgress(news: ProgressNews): void;
  /** Forgets a revoked envoy. */
  drop(envoyUuid: string): void;
}

/** Puts together what draws the swarm from the reports of envoys. */
export function composePictures({ index, manifest, progress, filecasts, overview, now }: {
  readonly index: FleetIndex;
  readonly manifest: Pick<ManifestStore, "effective">;
  readonly progress: ProgressTracker;
  readonly filecasts: FilecastService;
  readonly overview: SwarmOverview;
  readonly now: () => number;
}): SwarmPictures {
  const flows = new FlowBook();
  const maps = new ChunkMapBook();
  const timelines = new CastTimelines();
  const count = (sha256: string): Omit<CastSample, "atMs"> => {
    let chunks = 0, complete = 0;
    for (const { record } of index.states()) {
      const known = progress.get(record.uuid, sha256);
      if (!known || known.origin) continue;
      if (known.status === "complete") complete += 1;
      if (known.status === "complete" || known.status === "downloading") chunks += known.chunksHave;
    }
    return { chunks, complete };
  };
  const chunksOf = (sha256: string) => {
    const entry = manifest.effective(sha256);
    try {
      return entry && layoutOf(entry).count;
    } catch (error) {
      // Nobody fetches what is cut into more chunks than are accepted.
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  };
  return {
    graph: new SwarmGraph({ index, overview, flows, now }),
    chunks: new ChunkViews({ filecasts, index, progress, maps, timelines, count, now }),
    noteProgress: ({ from, before, after, progress: sent }) => {
      const nowMs = now();
      const { uuid } = from.record;
      for (const fetched of listFetched(before, after, (sha256) => manifest.effective(sha256))) {
        const { source } = fetched;
        const giver = source === "server" ? source : index.getActive(source)?.record.uuid;
        if (giver !== undefined) flows.note(giver, uuid, fetched, nowMs);
      }
      maps.receive(uuid, sent, chunksOf);
      // How old a first report is nobody knows, and all that an envoy has is new in it.
      if (before === undefined) return;
      for (const [sha256, { chunksHave, origin }] of after) {
        if (origin || before.get(sha256)?.chunksHave === chunksHave) continue;
        timelines.note(sha256, nowMs, () => count(sha256));
      }
    },
    drop: (envoyUuid) => maps.drop(envoyUuid),
  };
}
