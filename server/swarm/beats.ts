import { setTimeout as wait } from "node:timers/promises";

/** Between two looks at what has changed, in ms, for those who follow a picture of the swarm. */
export const BEAT_MS = 1_000;

/** Comes again and again, at once at first, until the signal says that nobody looks any more. */
export async function* beats(signal: AbortSignal, everyMs: number): AsyncGenerator<void> {
  while (!signal.aborted) {
    yield;
    await wait(everyMs, undefined, { signal }).catch(() => {});
  }
}
