import assert from "node:assert/strict";
import { makeTaskId, TASK_ID_PATTERN } from "./task_id.ts";

Deno.test("ids differ and are read the same by everybody", () => {
  const ids = new Set(Array.from({ length: 1_000 }, () => makeTaskId()));
  assert.equal(ids.size, 1_000);
  for (const id of ids) assert.match(id, TASK_ID_PATTERN);
  assert.equal(makeTaskId((bytes) => bytes.fill(31)), "tzzzzzzzzzz");
});
