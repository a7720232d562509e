import assert from "node:assert/strict";
import { stallLeftMs, StallWatch } from "./stall_watch.ts";

Deno.test("what stands still is ended, once", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let ended = 0;
  const watch = new StallWatch(1, () => (ended += 1, resolve()));
  await promise;
  watch.end();
  assert.equal(ended, 1);
});

Deno.test("the time that is left begins anew with each progress", () => {
  assert.equal(stallLeftMs(100, 0, 30), 70);
  assert.equal(stallLeftMs(100, 30, 100), 30);
  assert.ok(stallLeftMs(100, 30, 130) <= 0);
});
