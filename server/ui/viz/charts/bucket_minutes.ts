import type { Minute } from "../../../../shared/rest/fleet.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

/** What the fleet did in some minutes. What is counted is added up; what is a state is that of the last of them. */
export interface Bucket extends Omit<Minute, "minuteMs"> {
  readonly startMs: number;
  /** How long the server was there to see it, in ms. */
  readonly seenMs: number;
}

/**
 * The last day in `count` equal parts, the newest last; `undefined` for a part in which the server did not run.
 *
 * @param minutes in order of time.
 */
export function bucketMinutes(
  minutes: readonly Minute[],
  nowMs: number,
  count: number,
): (Bucket | undefined)[] {
  const lengthMs = DAY_MS / count;
  // The minute that this moment lies in belongs to the newest part.
  const endMs = (Math.floor(nowMs / MINUTE_MS) + 1) * MINUTE_MS;
  const startMs = endMs - DAY_MS;
  const buckets: (Bucket | undefined)[] = new Array(count).fill(undefined);
  for (const minute of minutes) {
    const at = Math.floor((minute.minuteMs - startMs) / lengthMs);
    if (at < 0 || at >= count) continue;
    buckets[at] = add(buckets[at], minute, startMs + at * lengthMs);
  }
  return buckets;
}

function add(
  bucket: Bucket | undefined,
  { minuteMs: _, ...minute }: Minute,
  startMs: number,
): Bucket {
  if (bucket === undefined) return { ...minute, startMs, seenMs: MINUTE_MS };
  return {
    ...minute,
    startMs,
    seenMs: bucket.seenMs + MINUTE_MS,
    checkIns: bucket.checkIns + minute.checkIns,
    runs: bucket.runs + minute.runs,
    originBytes: bucket.originBytes + minute.originBytes,
    peerBytes: bucket.peerBytes + minute.peerBytes,
    serverBytes: bucket.serverBytes + minute.serverBytes,
  };
}
