import { setTimeout as wait } from "node:timers/promises";

/** Between two looks at what has changed, in ms, for those who follow a picture of the swarm. */
export const BEAT_MS = 1_000;

/** How much of its time the server gives to drawing one picture at most: a twentieth. */
const COST_SHARE = 20;

/** How long a picture is good, in ms: half a beat, and longer if it was dear to draw. */
export function goodForMs(beatMs: number, costMs: number): number {
  return Math.max(beatMs / 2, costMs * COST_SHARE);
}

/** Comes again and again, at once at first, until the signal says that nobody looks any more. */
export async function* beats(signal: AbortSignal, everyMs: number): AsyncGenerator<void> {
  while (!signal.aborted) {
    yield;
    await wait(everyMs, undefined, { signal }).catch(() => {});
  }
}
