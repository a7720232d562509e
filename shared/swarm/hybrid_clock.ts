/** A stamp further ahead of the corrected clock is held back: nobody may occupy the future. */
export const MAX_STAMP_AHEAD_MS = 5 * 60_000;

/**
 * The next stamp of a hybrid logical clock: it never runs backwards, and what was stamped after something was merged is
 * higher than it.
 *
 * @param nowMs Time in ms, corrected to the server's clock.
 * @param highestStamp Highest stamp merged so far.
 */
export function nextStamp(nowMs: number, highestStamp: number): number {
  return Math.max(nowMs, highestStamp) + 1;
}

/** Whether a stamp lies so far ahead that it is not merged. */
export function isFromTheFuture(stamp: number, nowMs: number): boolean {
  return stamp > nowMs + MAX_STAMP_AHEAD_MS;
}
