import assert from "node:assert/strict";
import fc from "fast-check";
import { CastTimelines } from "./cast_timelines.ts";

const BLOB = "ab".repeat(32);

Deno.test("samples stand a second apart, and the last state is among them although it came too soon", () => {
  const timelines = new CastTimelines();
  timelines.note(BLOB, 1_000, () => ({ chunks: 1, complete: 0 }));
  timelines.note(BLOB, 1_500, () => assert.fail("not due"));
  timelines.note(BLOB, 2_000, () => ({ chunks: 3, complete: 0 }));
  const now = () => ({ chunks: 4, complete: 1 });
  const expected = [
    { atMs: 1_000, chunks: 1, complete: 0 },
    { atMs: 2_000, chunks: 3, complete: 0 },
    { atMs: 2_200, chunks: 4, complete: 1 },
  ];
  assert.deepEqual(timelines.list(BLOB, 2_200, now), expected);
  assert.deepEqual(timelines.list(BLOB, 9_000, now), expected);
});

Deno.test("however long a cast takes, it has a bounded number of samples, in order", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 2_000 }), (pauses) => {
      const timelines = new CastTimelines();
      let nowMs = 0;
      for (const pauseMs of pauses) {
        nowMs += pauseMs;
        timelines.note(BLOB, nowMs, () => ({ chunks: nowMs, complete: 0 }));
      }
      const samples = timelines.list(BLOB, nowMs, () => ({ chunks: nowMs, complete: 0 }));
      assert(samples.length <= 240);
      const times = samples.map(({ atMs }) => atMs);
      assert.deepEqual(times, times.toSorted((one, other) => one - other));
      if (pauses.length > 0) assert.equal(samples.at(-1)?.chunks, nowMs);
    }),
    { numRuns: 20 },
  );
});

Deno.test("what never moved has no course; one that stands still makes room, one that moves does not", () => {
  const timelines = new CastTimelines();
  const count = () => ({ chunks: 1, complete: 0 });
  assert.deepEqual(timelines.list(BLOB, 0, count), []);
  for (let cast = 0; cast < 64; cast += 1) timelines.note(`cast-${cast}`, 1_000, count);
  timelines.note(BLOB, 2_000, count);
  assert.deepEqual(timelines.list(BLOB, 2_000, count), []);
  timelines.note(BLOB, 100_000, count);
  assert.equal(timelines.list(BLOB, 100_000, count).length, 1);
  assert.deepEqual(timelines.list("cast-0", 100_000, count), []);
});
