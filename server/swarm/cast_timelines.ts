import type { CastSample } from "../../shared/rest/swarm_graph.ts";

/** Filecasts whose course is remembered; each costs a count of all envoys a second while it moves. */
const MAX_CASTS = 64;
/** One that stood still for so long, in ms, makes room for another. */
const STILL_MS = 60_000;
/** Most samples of one; when there are more, every other one goes and later ones stand twice as far apart. */
const MAX_SAMPLES = 240;
/** Between two samples at first, in ms. */
const FIRST_STEP_MS = 1_000;

interface Timeline {
  stepMs: number;
  samples: CastSample[];
}

/** How filecasts moved since this process started, coarser the longer it takes. */
export class CastTimelines {
  /** The one that moved longest ago first. */
  readonly #casts = new Map<string, Timeline>();

  /**
   * Something of a blob has moved.
   *
   * @param count adds up what envoys hold of it; called only if a sample is due.
   */
  note(sha256: string, nowMs: number, count: () => Omit<CastSample, "atMs">): void {
    const cast = this.#casts.get(sha256) ?? this.#make(nowMs);
    if (!cast) return;
    const last = cast.samples.at(-1);
    if (last && nowMs - last.atMs < cast.stepMs) return;
    add(cast, { atMs: nowMs, ...count() });
    this.#casts.delete(sha256);
    this.#casts.set(sha256, cast);
  }

  /** What is known of its course, up to now. */
  list(sha256: string, nowMs: number, count: () => Omit<CastSample, "atMs">): CastSample[] {
    const cast = this.#casts.get(sha256);
    if (!cast) return [];
    const last = cast.samples.at(-1);
    const { chunks, complete } = count();
    // What came too soon after the last sample to be one, and was followed by nothing.
    if (last?.chunks !== chunks || last.complete !== complete) {
      add(cast, { atMs: nowMs, chunks, complete });
    }
    return [...cast.samples];
  }

  /** An empty one; `undefined` if there is no room for it. */
  #make(nowMs: number): Timeline | undefined {
    const [[oldest, { samples }] = ["", { samples: [] }]] = this.#casts;
    if (this.#casts.size >= MAX_CASTS) {
      if (nowMs - (samples.at(-1)?.atMs ?? 0) < STILL_MS) return undefined;
      this.#casts.delete(oldest);
    }
    return { stepMs: FIRST_STEP_MS, samples: [] };
  }
}

function add(cast: Timeline, sample: CastSample): void {
  cast.samples.push(sample);
  if (cast.samples.length <= MAX_SAMPLES) return;
  cast.samples = cast.samples.filter((_, place) => place % 2 === 0);
  cast.stepMs *= 2;
}
