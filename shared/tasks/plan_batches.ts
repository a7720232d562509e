import { sizeOf, type TaskAmount } from "./task_amount.ts";

/**
 * Splits the targets of a task, in their order, into batches that run one after the other. Without a size all of them are
 * one batch; the last of several sizes goes on until everybody had a turn. A percentage is of all the targets given.
 */
export function planBatches<Target>(
  targets: readonly Target[],
  sizes: readonly TaskAmount[] | undefined,
): Target[][] {
  const batches: Target[][] = [];
  for (let taken = 0; taken < targets.length;) {
    const amount = sizes?.[Math.min(batches.length, sizes.length - 1)];
    const size = amount === undefined ? targets.length : sizeOf(amount, targets.length);
    batches.push(targets.slice(taken, taken + size));
    taken += size;
  }
  return batches;
}
