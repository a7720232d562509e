import assert from "node:assert/strict";
import { FakeClock } from "./fake_clock.ts";
import { LatestOnly } from "./latest_only.ts";

Deno.test("of many values one per interval goes out, the last one always", async () => {
  const clock = new FakeClock();
  const sent: number[] = [];
  const latest = new LatestOnly<number>(1_000, clock, (value) => sent.push(value));
  latest.offer(1);
  latest.offer(2);
  latest.offer(3);
  assert.deepEqual(sent, [1]);
  await clock.advance(1_000);
  assert.deepEqual(sent, [1, 3]);
  await clock.advance(1_000);
  assert.deepEqual(sent, [1, 3]);
  latest.repeat();
  assert.deepEqual(sent, [1, 3, 3]);
  latest.stop();
});

Deno.test("nothing goes out after the end", async () => {
  const clock = new FakeClock();
  const sent: number[] = [];
  const latest = new LatestOnly<number>(1_000, clock, (value) => sent.push(value));
  latest.offer(1);
  latest.offer(2);
  latest.stop();
  await clock.advance(5_000);
  assert.deepEqual(sent, [1]);
});
