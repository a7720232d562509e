import assert from "node:assert/strict";
import fc from "fast-check";
import { planBatches } from "./plan_batches.ts";
import { parseBatchSize } from "./task_amount.ts";

const hosts = (count: number) => Array.from({ length: count }, (_, index) => `web-${index}`);
const sizes = (count: number, text: string) =>
  planBatches(hosts(count), parseBatchSize(text)).map(({ length }) => length);

Deno.test("without a size everybody is in one batch, and nobody makes no batch", () => {
  assert.deepEqual(planBatches(hosts(3), undefined), [hosts(3)]);
  assert.deepEqual(planBatches([], parseBatchSize("5")), []);
});

Deno.test("counts, percentages and ramps", () => {
  assert.deepEqual(sizes(4, "2"), [2, 2]);
  assert.deepEqual(sizes(5, "2"), [2, 2, 1]);
  assert.deepEqual(sizes(10, "25%"), [3, 3, 3, 1]);
  assert.deepEqual(sizes(3, "1%"), [1, 1, 1]);
  assert.deepEqual(sizes(40, "1,5,25%"), [1, 5, 10, 10, 10, 4]);
});

Deno.test("every target has one turn, in the order given, and no batch is empty", () => {
  const step = fc.oneof(
    fc.integer({ min: 1, max: 50 }).map(String),
    fc.integer({ min: 1, max: 100 }).map((percent) => `${percent}%`),
  );
  const ramp = fc.array(step, { minLength: 1, maxLength: 5 }).map((steps) => steps.join(","));
  fc.assert(fc.property(fc.nat(300), ramp, (count, text) => {
    const batches = planBatches(hosts(count), parseBatchSize(text));
    assert.deepEqual(batches.flat(), hosts(count));
    assert.ok(batches.every(({ length }) => length > 0));
  }));
});
