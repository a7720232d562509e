/** Longest command, in UTF-8 bytes: the guardrails look at all of it, and Linux takes no longer argument than 128 KiB. */
export const MAX_COMMAND_BYTES = 64 * 1024;
/** Time that a command may take, in s. */
export const DEFAULT_TIMEOUT_SECS = 60;
export const MAX_TIMEOUT_SECS = 86_400;
/** CPU and IO priority: 0 is normal, 19 the lowest. */
export const MAX_NICE = 19;
/** Kept of each output stream, half of it from the beginning and half from the end. */
export const MAX_OUTPUT_BYTES = 1024 * 1024;
/** What is kept of a stream in the largest fleet, and the output kept of a whole task. */
export const MIN_OUTPUT_BYTES = 2 * 1024;
export const MAX_TASK_OUTPUT_BYTES = 256 * 1024 * 1024;
/** Targets of one task. */
export const MAX_TARGETS = 50_000;
/** Batches of one task. */
export const MAX_BATCHES = 10_000;
/** How long after a batch was sent a command may still be started, in ms: what arrives later is refused as too late. */
export const START_WINDOW_MS = 20_000;
/** What a batch may take beside its timeout, in ms: the way there, the end of a command that does not end, the way back. */
export const GRACE_MS = 30_000;
/** Between TERM and KILL to a command that is to end, in ms. */
export const KILL_GRACE_MS = 5_000;
/** Targets up to which output is sent while it comes into being; a larger fleet would send more than anybody reads. */
export const MAX_LIVE_TARGETS = 100;
/** A health check: tries, and what one may take, and the pause between two, in ms. */
export const HEALTH_TRIES = 3;
export const HEALTH_TRY_MS = 10_000;
export const HEALTH_PAUSE_MS = 2_000;
/** What a health check may take in all, in ms. */
export const HEALTH_CHECK_MS = HEALTH_TRIES * HEALTH_TRY_MS + (HEALTH_TRIES - 1) * HEALTH_PAUSE_MS;

/**
 * When a task is over at the latest, in ms from its start: every batch with its timeout and the grace, and a health check
 * between each two.
 */
export function longestRunMs(
  batches: number,
  timeoutSecs: number,
  hasHealthCheck: boolean,
): number {
  const checks = hasHealthCheck ? Math.max(0, batches - 1) : 0;
  return batches * (timeoutSecs * 1000 + GRACE_MS) + checks * HEALTH_CHECK_MS;
}

/** What is kept of each stream of each target: all of {@linkcode MAX_OUTPUT_BYTES} for a hundred, less for thousands. */
export function outputShareBytes(targets: number): number {
  const share = Math.floor(MAX_TASK_OUTPUT_BYTES / Math.max(1, targets) / 2);
  return Math.min(MAX_OUTPUT_BYTES, Math.max(MIN_OUTPUT_BYTES, share));
}
