import { sha256 } from "../../shared/crypto/sha256.ts";
import { backoffMs, type BackoffPlan } from "../runtime/backoff.ts";

/** Interval before the server has named one. */
export const DEFAULT_INTERVAL_MS = 60_000;
/** Bounds of what the server may ask for. */
export const MIN_INTERVAL_MS = 1_000;
export const MAX_INTERVAL_MS = 86_400_000;
/** How long the last good bundle is applied without a server, unless configured. */
export const DEFAULT_BUNDLE_MAX_AGE_MS = 86_400_000;
/** Stable traits are read again at every tenth cycle. */
export const STABLE_TRAITS_EVERY = 10;

/** A server that is gone for a moment is found again soon; one that is gone for long is asked every five minutes. */
export const CHECK_IN_BACKOFF: BackoffPlan = { firstMs: 2_000, longestMs: 300_000 };

/** Share of the interval at which this envoy checks in: the same after every start, spread evenly over a fleet. */
export function splayOf(envoyUuid: string): number {
  return new DataView(sha256(envoyUuid).buffer).getUint32(0) / 2 ** 32;
}

/** What the next delay depends on. */
export interface LoopState {
  readonly intervalMs: number;
  /** In [0, 1), from {@linkcode splayOf}. */
  readonly splay: number;
  /** Check-ins that failed in a row. */
  readonly failures: number;
}

/**
 * How long to wait before the next check-in: until this envoy's own place in the interval, or, after a failure, by the
 * back-off. It never outgrows the interval, because the policy is applied at each attempt, and a machine must not drift for
 * longer just because its server is away.
 *
 * @param nowMs local time; a jump of the clock costs at most one interval.
 * @param random a number in [0, 1).
 */
export function nextDelayMs(state: LoopState, nowMs: number, random: number): number {
  if (state.failures > 0) {
    const longestMs = Math.min(CHECK_IN_BACKOFF.longestMs, state.intervalMs);
    const firstMs = Math.min(CHECK_IN_BACKOFF.firstMs, state.intervalMs);
    return backoffMs(state.failures, { firstMs, longestMs }, random);
  }
  const place = state.splay * state.intervalMs;
  const sincePlace = ((nowMs - place) % state.intervalMs + state.intervalMs) % state.intervalMs;
  return Math.max(1, Math.round(state.intervalMs - sincePlace));
}

/** The interval to keep: configured here, else the server's last word within bounds, else the default. */
export function effectiveIntervalMs(
  configured: number | undefined,
  asked: number | undefined,
): number {
  const wanted = configured ?? (asked ? asked : DEFAULT_INTERVAL_MS);
  return Math.min(Math.max(wanted, MIN_INTERVAL_MS), MAX_INTERVAL_MS);
}

/** Whether the bundle of an earlier check-in may still be applied. */
export type OfflineVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string };

/**
 * Judges a cached bundle by the age of the last answered check-in.
 *
 * @param maxAgeMs 0 is for ever.
 */
export function mayApplyOffline(
  lastAnsweredAtMs: number | undefined,
  nowMs: number,
  maxAgeMs: number,
): OfflineVerdict {
  if (lastAnsweredAtMs === undefined) {
    return { ok: false, reason: "no check-in was ever answered" };
  }
  const ageMs = nowMs - lastAnsweredAtMs;
  if (maxAgeMs === 0 || ageMs <= maxAgeMs) return { ok: true };
  const hours = (ms: number) => `${Math.round(ms / 360_000) / 10} h`;
  return {
    ok: false,
    reason: `the last answered check-in was ${hours(ageMs)} ago and bundle_max_age is ${
      hours(maxAgeMs)
    }`,
  };
}
