import assert from "node:assert/strict";
import fc from "fast-check";
import { drawTimeline } from "./cast_timeline.ts";

const filecast = { createdAtMs: 100_000, chunks: 10 };

Deno.test("the line rises with each envoy that is complete, and ends a little after the last", () => {
  const line = drawTimeline({
    filecast,
    targets: 2,
    completions: [{ atMs: 105_000, complete: 1 }, { atMs: 110_000, complete: 2 }],
    samples: [],
    nowMs: 900_000,
    steps: 10,
  });
  assert.equal(line?.toMs, 110_600);
  assert.deepEqual([line?.whole[0], line?.whole[5], line?.whole[9]], [0, 50, 100]);
});

Deno.test("while some wait the line goes on to now, with what they hold so far on top", () => {
  const line = drawTimeline({
    filecast,
    targets: 2,
    completions: [{ atMs: 105_000, complete: 1 }],
    samples: [{ atMs: 104_000, chunks: 12, complete: 0 }, {
      atMs: 108_000,
      chunks: 15,
      complete: 1,
    }],
    nowMs: 110_000,
    steps: 10,
  });
  assert.equal(line?.toMs, 110_000);
  assert.deepEqual([line?.partly[0], line?.partly[3]], [undefined, 60]);
  assert.deepEqual([line?.whole[9], line?.partly[9]], [50, 25]);
});

Deno.test("nobody's filecast has no line, and shares stay within a hundred whatever is told", () => {
  assert.equal(
    drawTimeline({ filecast, targets: 0, completions: [], samples: [], nowMs: 0 }),
    undefined,
  );
  const sample = fc.record({
    atMs: fc.nat(1_000_000),
    chunks: fc.nat(1_000),
    complete: fc.nat(50),
  });
  fc.assert(fc.property(fc.array(sample), fc.nat(1_000_000), (told, nowMs) => {
    const samples = told.toSorted((one, other) => one.atMs - other.atMs);
    const line = drawTimeline({ filecast, targets: 3, completions: samples, samples, nowMs });
    for (const [step, share] of line?.whole.entries() ?? []) {
      const sum = share + (line?.partly[step] ?? 0);
      assert(sum >= 0 && sum <= 100.001);
    }
  }));
});
