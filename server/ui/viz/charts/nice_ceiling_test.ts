import assert from "node:assert/strict";
import fc from "fast-check";
import { niceCeiling } from "./nice_ceiling.ts";

Deno.test("an axis reaches its largest value, and not much further", () => {
  fc.assert(fc.property(fc.double({ min: 0.001, max: 1e15, noNaN: true }), (value) => {
    const end = niceCeiling(value, 0.001);
    assert(end >= value * (1 - 1e-6) && end <= value * 1.34, `${end} for ${value}`);
  }));
});

Deno.test("the end of an axis is short to write, and an axis of nothing has one", () => {
  assert.deepEqual([7, 11, 13, 99, 1_201].map((value) => niceCeiling(value)), [
    8,
    12,
    15,
    100,
    1_500,
  ]);
  assert.equal(niceCeiling(0), 1);
  assert.equal(niceCeiling(0, 10), 10);
});
