import type { Filecast } from "../../../../shared/rest/swarm.ts";
import type { CastCompletion, CastSample } from "../../../../shared/rest/swarm_graph.ts";

/** Parts of the time line. */
export const TIMELINE_STEPS = 90;

/** How a filecast came so far, in parts of equal length; shares of all chunks that envoys are to have, in percent. */
export interface CastTimeline {
  readonly fromMs: number;
  readonly toMs: number;
  /** Held by envoys that have all of it. */
  readonly whole: readonly number[];
  /** Held by others; `undefined` before the server saw it move. */
  readonly partly: readonly (number | undefined)[];
}

/**
 * The time line from the cast to its last completion, or to now while some wait; `undefined` if nobody is to have it.
 *
 * @param steps parts of the time line.
 */
export function drawTimeline(
  { filecast, targets, completions, samples, nowMs, steps = TIMELINE_STEPS }: {
    readonly filecast: Pick<Filecast, "createdAtMs" | "chunks">;
    /** Envoys that are to have it, or have it, its origin not counted. */
    readonly targets: number;
    readonly completions: readonly CastCompletion[];
    readonly samples: readonly CastSample[];
    readonly nowMs: number;
    readonly steps?: number;
  },
): CastTimeline | undefined {
  if (targets === 0) return undefined;
  const last = completions.at(-1);
  const isOver = last !== undefined && last.complete >= targets;
  const endMs = Math.max(filecast.createdAtMs + 1_000, isOver ? last.atMs : nowMs);
  // A little of the rest after it, so that the end is seen as one.
  const toMs = isOver ? endMs + (endMs - filecast.createdAtMs) * 0.06 : endMs;
  const fromMs = filecast.createdAtMs;
  const lengthMs = (toMs - fromMs) / steps;
  const whole: number[] = [];
  const partly: (number | undefined)[] = [];
  for (let step = 0; step < steps; step += 1) {
    const atMs = fromMs + (step + 1) * lengthMs;
    const complete = completions.findLast((one) => one.atMs <= atMs)?.complete ?? 0;
    const share = Math.min(100, complete / targets * 100);
    whole.push(share);
    const sample = samples.findLast((one) => one.atMs <= atMs);
    const held = sample && sample.chunks / (targets * filecast.chunks) * 100;
    partly.push(held === undefined ? undefined : Math.max(0, Math.min(100, held) - share));
  }
  return { fromMs, toMs, whole, partly };
}
