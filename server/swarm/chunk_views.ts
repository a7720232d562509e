import {
  type CastCompletion,
  type CastSample,
  type ChunkChange,
  type ChunkRow,
  type FilecastNews,
  MAX_COMPLETIONS,
} from "../../shared/rest/swarm_graph.ts";
import type { Filecast, FilecastHost } from "../../shared/rest/swarm.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import { answered, type ServiceAnswer } from "../service/service_answer.ts";
import { BEAT_MS, beats, goodForMs } from "./beats.ts";
import type { CastTimelines } from "./cast_timelines.ts";
import { tellMap } from "./chunk_changes.ts";
import type { ChunkMapBook, KnownMap } from "./chunk_map_book.ts";
import type { FilecastService } from "./filecast_service.ts";
import type { ProgressTracker } from "./progress_tracker.ts";

/** Filecasts whose last view is kept for others who follow them. */
const MAX_SHARED = 8;
/** Rows in one event: with a map each, some hundred kilobytes. */
const ROWS_PER_EVENT = 64;

export interface ChunkViewsOptions {
  readonly filecasts: Pick<FilecastService, "show">;
  readonly index: Pick<FleetIndex, "getActive">;
  readonly progress: Pick<ProgressTracker, "get">;
  readonly maps: Pick<ChunkMapBook, "get">;
  readonly timelines: Pick<CastTimelines, "list">;
  /** Adds up what envoys hold of a blob, its origin's not counted. */
  readonly count: (sha256: string) => Omit<CastSample, "atMs">;
  readonly now: () => number;
  /** Between two looks at what has changed, in ms; for tests. */
  readonly beatMs?: number;
}

/** A row without its map, and the map. */
interface Row {
  readonly facts: Omit<ChunkRow, "map">;
  readonly text: string;
  readonly map: KnownMap | undefined;
}

interface View {
  readonly filecast: Filecast;
  readonly rows: readonly Row[];
  readonly samples: readonly CastSample[];
}

/** What is known of the chunks of a filecast. */
interface ShownChunks {
  readonly filecast: Filecast;
  readonly rows: ChunkRow[];
  readonly completions: CastCompletion[];
  readonly samples: CastSample[];
}

/** Who holds which chunks of a filecast, and how it came so far. */
export class ChunkViews {
  readonly #options: ChunkViewsOptions;
  /** What followers of a filecast share, the oldest first. */
  readonly #shared = new Map<
    string,
    { readonly atMs: number; readonly costMs: number; readonly view: ServiceAnswer<View> }
  >();

  constructor(options: ChunkViewsOptions) {
    this.#options = options;
  }

  /** @param sha a SHA-256, or a unique beginning of at least 8 digits. */
  show(
    sha: string,
    { withMaps = true }: { readonly withMaps?: boolean } = {},
  ): ServiceAnswer<ShownChunks> {
    const view = this.#look(sha);
    if (!view.ok) return view;
    const { filecast, rows, samples } = view.value;
    return answered({
      filecast,
      rows: rows.map(({ facts, map }) => ({
        ...facts,
        map: withMaps ? tellMap(undefined, map).map : null,
      })),
      completions: listCompletions(rows.flatMap(({ facts }) => facts.completedAtMs ?? [])),
      samples: [...samples],
    });
  }

  /** All of it at first, a part at a time, then whatever is different, until the signal ends it or the cast is forgotten. */
  follow(sha: string, signal: AbortSignal): ServiceAnswer<AsyncGenerator<FilecastNews>> {
    const found = this.#look(sha);
    if (!found.ok) return found;
    // A prefix that is unique now may not be so in an hour.
    return answered(this.#follow(found.value.filecast.sha256, signal));
  }

  async *#follow(sha256: string, signal: AbortSignal): AsyncGenerator<FilecastNews> {
    const told = new Map<string, Row>();
    let castText = "";
    let sampledMs = -Infinity;
    for await (const _ of beats(signal, this.#options.beatMs ?? BEAT_MS)) {
      const view = this.#share(sha256);
      if (!view.ok) return;
      const { filecast, rows, samples } = view.value;
      const hostnames = new Set(rows.map(({ facts }) => facts.hostname));
      const gone = [...told.keys()].filter((hostname) => !hostnames.has(hostname));
      for (const hostname of gone) told.delete(hostname);
      const changed = rows.flatMap((row) => changeOf(told, row) ?? []);
      const newer = samples.filter(({ atMs }) => atMs > sampledMs);
      const text = JSON.stringify(filecast);
      const isNews = text !== castText || changed.length > 0 || gone.length > 0;
      if (!isNews && newer.length === 0) continue;
      castText = text;
      sampledMs = newer.at(-1)?.atMs ?? sampledMs;
      yield { filecast, rows: changed.slice(0, ROWS_PER_EVENT), gone, samples: newer };
      for (let from = ROWS_PER_EVENT; from < changed.length; from += ROWS_PER_EVENT) {
        const part = changed.slice(from, from + ROWS_PER_EVENT);
        yield { filecast, rows: part, gone: [], samples: [] };
      }
    }
  }

  /** However many follow a filecast, it is looked at once a beat, and more seldom where that takes long. */
  #share(sha256: string): ServiceAnswer<View> {
    const { beatMs = BEAT_MS } = this.#options;
    const atMs = performance.now();
    const known = this.#shared.get(sha256);
    if (known && atMs - known.atMs < goodForMs(beatMs, known.costMs)) return known.view;
    const view = this.#look(sha256);
    this.#shared.delete(sha256);
    this.#shared.set(sha256, { atMs, costMs: performance.now() - atMs, view });
    const [oldest] = this.#shared.keys();
    if (this.#shared.size > MAX_SHARED && oldest !== undefined) this.#shared.delete(oldest);
    return view;
  }

  #look(sha: string): ServiceAnswer<View> {
    const { filecasts, timelines, count, now } = this.#options;
    const shown = filecasts.show(sha);
    if (!shown.ok) return shown;
    const { filecast, hosts } = shown.value;
    const { sha256 } = filecast;
    return answered({
      filecast,
      rows: hosts.map((host) => this.#row(sha256, host)),
      samples: timelines.list(sha256, now(), () => count(sha256)),
    });
  }

  #row(sha256: string, host: FilecastHost): Row {
    const { index, progress, maps, now } = this.#options;
    const uuid = index.getActive(host.hostname)?.record.uuid ?? "";
    const isComplete = host.status === "complete";
    const holds = isComplete || host.status === "downloading";
    const map = holds ? maps.get(uuid, sha256) : undefined;
    // Nobody's clock says when something happens that has not happened yet.
    const completedAtMs = isComplete ? progress.get(uuid, sha256)?.completedAtMs : undefined;
    const facts = {
      ...host,
      completedAtMs: completedAtMs === undefined ? null : Math.min(completedAtMs, now()),
      mapSources: map ? [...map.sources] : [],
    };
    return { facts, text: JSON.stringify(facts), map };
  }
}

/** How many had it whole when, out of when each did. */
function listCompletions(timesMs: readonly number[]): CastCompletion[] {
  const sorted = timesMs.toSorted((one, other) => one - other);
  const step = Math.ceil(sorted.length / MAX_COMPLETIONS);
  return sorted.flatMap((atMs, place) => {
    const complete = place + 1;
    return complete % step === 0 || complete === sorted.length ? [{ atMs, complete }] : [];
  }).slice(-MAX_COMPLETIONS);
}

/** What a reader is told of a row, and notes that it was; `undefined` if it knows all of it. */
function changeOf(told: Map<string, Row>, row: Row): ChunkChange | undefined {
  const known = told.get(row.facts.hostname);
  if (known?.text === row.text && known.map === row.map) return undefined;
  told.set(row.facts.hostname, row);
  return { ...row.facts, ...tellMap(known?.map, row.map) };
}
