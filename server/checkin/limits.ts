import { MAX_TIME_MS } from "../../shared/config/run_report.ts";
import { MAX_OUTPUT_BYTES } from "../../shared/tasks/task_limits.ts";
import type { CheckInRequest, RunHeartbeat } from "../../shared/proto/agent.ts";

export const SHA256_BYTES = 32;
/**
 * Largest message accepted: a task's result with two streams of 1 MiB, and room. Next are a report of 1 MiB, and traits of
 * 1 MiB beside a fleet document of 256 KiB.
 */
export const MAX_MESSAGE_BYTES = 2 * MAX_OUTPUT_BYTES + 256 * 1024;
/** Serials are stamped with the server's clock; one further ahead than a year was not made by it. */
export const MAX_CLAIMED_AHEAD_MS = 366 * 86_400_000;
/** Longest interval an agent may have, and shortest, in ms. */
const MIN_INTERVAL_MS = 1_000;
const MAX_INTERVAL_MS = 86_400_000;

/** Longest texts of a check-in, in UTF-16 code units. */
const MAX_TEXT = {
  agentVersion: 64,
  observedHostname: 253,
  lanAddress: 64,
  policyVersion: 128,
  pausedReason: 500,
  swarmAddress: 80,
} as const;

/** Which limit a check-in breaks; `undefined` if none. */
export function judgeCheckInLimits(request: CheckInRequest): string | undefined {
  for (const [name, limit] of Object.entries(MAX_TEXT)) {
    // The keys are those of the table above.
    const { length } = request[name as keyof typeof MAX_TEXT];
    if (length > limit) return `${name} has ${length} characters, at most ${limit} are accepted`;
  }
  const { intervalMs, stateFingerprint, traitsDigest, pausedUntilMs, heartbeat } = request;
  if (intervalMs < MIN_INTERVAL_MS || intervalMs > MAX_INTERVAL_MS) {
    return `interval_ms is ${intervalMs}, outside ${MIN_INTERVAL_MS} to ${MAX_INTERVAL_MS}`;
  }
  if (stateFingerprint.length !== 0 && stateFingerprint.length !== SHA256_BYTES) {
    return `state_fingerprint has ${stateFingerprint.length} bytes, not ${SHA256_BYTES}`;
  }
  if (traitsDigest.length !== SHA256_BYTES) {
    return `traits_digest has ${traitsDigest.length} bytes, not ${SHA256_BYTES}`;
  }
  if (pausedUntilMs > MAX_TIME_MS) {
    return `paused_until_ms is ${pausedUntilMs}, later than any clock tells`;
  }
  if (heartbeat === undefined) return undefined;
  const appliedRoot = heartbeat.root.length;
  if (appliedRoot !== 0 && appliedRoot !== SHA256_BYTES) {
    return `heartbeat.root has ${appliedRoot} bytes, not ${SHA256_BYTES}`;
  }
  return judgeHeartbeatLimits(heartbeat);
}

/** Which limit a heartbeat breaks, however it came; `undefined` if none. */
export function judgeHeartbeatLimits({ finishedAtMs }: RunHeartbeat): string | undefined {
  return finishedAtMs > MAX_TIME_MS
    ? `heartbeat.finished_at_ms is ${finishedAtMs}, later than any clock tells`
    : undefined;
}
