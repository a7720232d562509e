import type { Steps } from "../steps/steps.ts";

/** Most steps that the policy of one host may take: turns of `foreach` over resources, those that are left out included. */
export const MAX_COMPILE_STEPS = 200_000;
/**
 * Longest time that compiling for one host may take, in ms of its own, pauses not counted. A policy of the largest size takes a
 * tenth on a slow machine.
 */
export const MAX_COMPILE_MS = 10_000;

/** What limits are held against. Tests pass a clock of their own. */
export interface CompileLimits {
  readonly maxSteps: number;
  readonly maxMs: number;
  readonly nowMs: () => number;
}

export const COMPILE_LIMITS: CompileLimits = {
  maxSteps: MAX_COMPILE_STEPS,
  maxMs: MAX_COMPILE_MS,
  nowMs: () => performance.now(),
};

/** The policy of one host would take too much of the server's time. The message says which limit it reached. */
export class CompileLimitError extends Error {
  override readonly name = "CompileLimitError";
}

/**
 * The same steps, until a limit is reached.
 *
 * @throws {CompileLimitError} between two steps, and whatever the steps throw.
 */
export function* limitSteps<Result>(
  steps: Steps<Result>,
  { maxSteps, maxMs, nowMs }: CompileLimits,
): Steps<Result> {
  let spentMs = 0;
  for (let count = 0;; count++) {
    const beganMs = nowMs();
    const step = steps.next();
    spentMs += nowMs() - beganMs;
    if (step.done) return step.value;
    if (count >= maxSteps) throw new CompileLimitError(`takes more than ${maxSteps} steps`);
    if (spentMs > maxMs) throw new CompileLimitError(`takes longer than ${maxMs / 1000} s`);
    yield;
  }
}
