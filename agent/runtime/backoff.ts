/** How the pause between attempts grows. */
export interface BackoffPlan {
  readonly firstMs: number;
  readonly longestMs: number;
}

/**
 * The pause after `failures` failed attempts in a row: doubled each time up to the longest, and taken at random from its
 * upper half, so that many agents that lost one server do not return together.
 *
 * @param random a number in [0, 1).
 */
export function backoffMs(failures: number, plan: BackoffPlan, random: number): number {
  const doublings = Math.min(Math.max(failures - 1, 0), 30);
  const ceiling = Math.min(plan.firstMs * 2 ** doublings, plan.longestMs);
  return Math.round(ceiling / 2 + random * ceiling / 2);
}
