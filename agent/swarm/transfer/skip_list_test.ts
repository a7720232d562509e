import assert from "node:assert/strict";
import { SkipList } from "./skip_list.ts";

Deno.test("what was skipped waits for its time, or until everything may be tried again", () => {
  const skipped = new SkipList();
  skipped.add("full", "disk pressure", 0, 60_000);
  assert.equal(skipped.isWaiting("full", 59_999), true);
  assert.equal(skipped.isWaiting("full", 60_000), false);
  skipped.release();
  assert.equal(skipped.isWaiting("full", 1), false);
  assert.equal(skipped.reason("full"), "disk pressure");
});

Deno.test("what can never be fetched is not tried again", () => {
  const skipped = new SkipList();
  skipped.add("broken", "its digests contradict each other", 0, Infinity);
  skipped.release();
  assert.equal(skipped.isWaiting("broken", Number.MAX_SAFE_INTEGER), true);
});
