import assert from "node:assert/strict";
import { TakenTime } from "./taken_time.ts";

Deno.test("what comes next finds the gaps that were left, and goes on behind what is taken", () => {
  const time = new TakenTime();
  assert.equal(time.take(10, 100), 110);
  assert.equal(time.take(5, 0), 5, "long before");
  assert.equal(time.take(20, 85), 115, "fifteen before it, five after it");
  assert.equal(time.take(1, 85), 116, "the gap is full");
  assert.equal(time.take(3, 50), 53);
  assert.equal(time.take(32, 53), 85, "what fits a gap ends with it");
});

Deno.test("however it is asked for, time is taken once and no moment stays free before the last", () => {
  const time = new TakenTime();
  const wishes = [[30, 4], [10, 7], [0, 12], [33, 1], [5, 20], [70, 2], [1, 9], [60, 10]] as const;
  const taken = new Set<number>();
  for (const [fromMs, lengthMs] of wishes) {
    let last = fromMs;
    for (let atMs = fromMs, left = lengthMs; left > 0; atMs += 1) {
      if (taken.has(atMs)) continue;
      taken.add(atMs);
      last = atMs + 1;
      left -= 1;
    }
    assert.equal(time.take(lengthMs, fromMs), last);
  }
});

Deno.test("what is over is forgotten, and what lasts is not", () => {
  const time = new TakenTime();
  time.take(10, 0);
  time.take(10, 20);
  time.forget(25);
  assert.equal(time.take(10, 25), 40);
});
