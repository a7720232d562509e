import { formatDuration } from "./duration.ts";

const MINUTE_MS = 60_000;

/**
 * When something happened, seen from `nowMs`: `just now`, `5m ago`, `2d3h ago`, `in 4h`, or `never` for null.
 * Both times are milliseconds since the Unix epoch.
 */
export function formatRelativeTime(thenMs: number | null, nowMs: number): string {
  if (thenMs === null) return "never";
  const distanceMs = Math.abs(nowMs - thenMs);
  if (distanceMs < 1000) return "just now";
  const unitMs = distanceMs < MINUTE_MS ? 1000 : MINUTE_MS;
  const distance = formatDuration(Math.floor(distanceMs / unitMs) * unitMs);
  return thenMs <= nowMs ? `${distance} ago` : `in ${distance}`;
}

/**
 * A point in time as tables show it, `2026-03-13 12:30`, or `-` for null.
 *
 * @param ms Milliseconds since the Unix epoch.
 * @param offsetMinutes How far the reader's clock is ahead of UTC; 0 shows UTC.
 */
export function formatTimestamp(ms: number | null, offsetMinutes = 0): string {
  if (ms === null) return "-";
  const shifted = new Date(ms + offsetMinutes * MINUTE_MS);
  return Number.isNaN(shifted.getTime())
    ? "-"
    : shifted.toISOString().slice(0, 16).replace("T", " ");
}
