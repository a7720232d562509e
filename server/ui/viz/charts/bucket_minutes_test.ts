import assert from "node:assert/strict";
import fc from "fast-check";
import type { Minute } from "../../../../shared/rest/fleet.ts";
import { bucketMinutes } from "./bucket_minutes.ts";

const MINUTE_MS = 60_000;
const NOW_MS = 1_790_000_000_000;
const LAST_MS = Math.floor(NOW_MS / MINUTE_MS) * MINUTE_MS;

function minuteAt(ago: number, changes: Partial<Minute> = {}): Minute {
  return {
    minuteMs: LAST_MS - ago * MINUTE_MS,
    checkIns: 1,
    runs: 0,
    online: 3,
    converged: 3,
    degraded: 0,
    failed: 0,
    noData: 0,
    originBytes: 0,
    peerBytes: 0,
    serverBytes: 0,
    ...changes,
  };
}

Deno.test("each minute of the day is in one part, whatever their number, and none is lost", () => {
  const asked = fc.tuple(fc.uniqueArray(fc.nat(1_439)), fc.constantFrom(24, 96, 144, 288));
  fc.assert(fc.property(asked, ([ages, count]) => {
    const minutes = ages.toSorted((one, other) => other - one).map((ago) => minuteAt(ago));
    const buckets = bucketMinutes(minutes, NOW_MS, count);
    assert.equal(buckets.length, count);
    const sum = buckets.reduce((all, bucket) => all + (bucket?.checkIns ?? 0), 0);
    assert.equal(sum, ages.length);
    for (const bucket of buckets) {
      if (bucket) assert.equal(bucket.seenMs, bucket.checkIns * MINUTE_MS);
    }
  }));
});

Deno.test("counts add up and states are the last ones; a part without a minute is none", () => {
  const buckets = bucketMinutes(
    [
      minuteAt(2, { runs: 2, peerBytes: 10, converged: 1 }),
      minuteAt(1, { runs: 3, peerBytes: 5, converged: 2 }),
    ],
    NOW_MS,
    96,
  );
  assert.equal(buckets[0], undefined);
  const last = buckets.at(-1);
  assert.deepEqual([last?.runs, last?.peerBytes, last?.converged], [5, 15, 2]);
});

Deno.test("what is older than a day, or yet to come, is left out", () => {
  const buckets = bucketMinutes([minuteAt(1_440), minuteAt(-1)], NOW_MS, 96);
  assert(buckets.every((bucket) => bucket === undefined));
});
