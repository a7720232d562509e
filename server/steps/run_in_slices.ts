import type { Steps } from "./steps.ts";

/**
 * Longest time that steps are done without a pause, in ms: what whoever else needs this thread waits at most, but for a single
 * step that takes longer. Shorter slices would cost more in pauses than they give.
 */
export const SLICE_MS = 8;

/** What a slicer needs of the outside world. Tests pass fakes. */
export interface SliceClock {
  nowMs(): number;
  /** Returns after everything that waits for this thread has had a turn. */
  pause(): Promise<void>;
}

/** The clock of this machine, and a pause in which its sockets are read. */
export const REAL_CLOCK: SliceClock = {
  nowMs: () => performance.now(),
  // A timer rather than a microtask: sockets are read between timers.
  pause: () => new Promise((resume) => setTimeout(resume, 0)),
};

/** Does steps in slices of time, with a pause after each in which check-ins are answered. What a step throws is thrown. */
export async function runInSlices<Result>(
  steps: Steps<Result>,
  clock: SliceClock = REAL_CLOCK,
): Promise<Result> {
  for (let endMs = clock.nowMs() + SLICE_MS;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (clock.nowMs() < endMs) continue;
    await clock.pause();
    endMs = clock.nowMs() + SLICE_MS;
  }
}
