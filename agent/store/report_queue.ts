/** Most run reports kept without a server: a day of one a minute. */
export const MAX_QUEUED_REPORTS = 1_440;
/** Most bytes of run reports kept, so that large diffs cannot fill a small disk. */
export const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

export interface QueueLimits {
  readonly reports: number;
  readonly bytes: number;
}

/**
 * How many of the oldest reports must go so that the rest fits. The newest always stays: it says how the machine is now.
 *
 * @param sizes bytes of each report, oldest first.
 */
export function countToDrop(
  sizes: readonly number[],
  limits: QueueLimits = { reports: MAX_QUEUED_REPORTS, bytes: MAX_QUEUED_BYTES },
): number {
  let bytes = sizes.reduce((sum, size) => sum + size, 0);
  let dropped = 0;
  while (
    dropped < sizes.length - 1 &&
    (sizes.length - dropped > limits.reports || bytes > limits.bytes)
  ) {
    bytes -= sizes[dropped] ?? 0;
    dropped++;
  }
  return dropped;
}
