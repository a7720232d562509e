import assert from "node:assert/strict";
import {
  longestRunMs,
  MAX_OUTPUT_BYTES,
  MAX_TARGETS,
  MAX_TASK_OUTPUT_BYTES,
  MIN_OUTPUT_BYTES,
  outputShareBytes,
} from "./task_limits.ts";

Deno.test("few targets keep all of their output, and many share what is kept of a task", () => {
  assert.equal(outputShareBytes(0), MAX_OUTPUT_BYTES);
  assert.equal(outputShareBytes(128), MAX_OUTPUT_BYTES);
  assert.ok(outputShareBytes(10_000) * 2 * 10_000 <= MAX_TASK_OUTPUT_BYTES);
  assert.ok(outputShareBytes(MAX_TARGETS) >= MIN_OUTPUT_BYTES);
});

Deno.test("the deadline is every batch with its grace, and a health check between each two", () => {
  assert.equal(longestRunMs(2, 60, false), 180_000);
  assert.equal(longestRunMs(3, 60, true) - longestRunMs(3, 60, false), 2 * 34_000);
  assert.equal(longestRunMs(0, 60, true), 0);
});
