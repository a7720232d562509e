import assert from "node:assert/strict";
import fc from "fast-check";
import { countToDrop } from "./report_queue.ts";

Deno.test("nothing is dropped while the queue fits", () => {
  assert.equal(countToDrop([], { reports: 2, bytes: 10 }), 0);
  assert.equal(countToDrop([5, 5], { reports: 2, bytes: 10 }), 0);
});

Deno.test("the oldest go first, by number and by size", () => {
  assert.equal(countToDrop([1, 1, 1], { reports: 2, bytes: 10 }), 1);
  assert.equal(countToDrop([9, 1, 5], { reports: 9, bytes: 6 }), 1);
  assert.equal(countToDrop([9, 2, 5], { reports: 9, bytes: 6 }), 2);
});

Deno.test("the newest stays even if it alone is too large, and nothing is dropped in vain", () => {
  const limits = { reports: 5, bytes: 100 };
  fc.assert(fc.property(fc.array(fc.nat(80), { minLength: 1 }), (sizes) => {
    const dropped = countToDrop(sizes, limits);
    const kept = sizes.slice(dropped);
    const fits = (list: readonly number[]) =>
      list.length <= limits.reports && list.reduce((a, b) => a + b, 0) <= limits.bytes;
    assert.ok(kept.length >= 1);
    assert.ok(fits(kept) || kept.length === 1);
    if (dropped > 0) assert.ok(!fits(sizes.slice(dropped - 1)));
  }));
});
