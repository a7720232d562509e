import assert from "node:assert/strict";
import { MAX_RECHECKS_PER_MINUTE, RecheckLimits } from "./recheck_limits.ts";

const SHA = "a".repeat(64);

Deno.test("a chunk is read once a minute, however many complain about it", () => {
  const limits = new RecheckLimits();
  assert.equal(limits.take(SHA, 1, 0), true);
  assert.equal(limits.take(SHA, 1, 59_999), false);
  assert.equal(limits.take(SHA, 1, 60_000), true);
});

Deno.test("complaints about many chunks cause thirty reads a minute", () => {
  const limits = new RecheckLimits();
  const taken = Array.from({ length: 1000 }, (_, chunk) => limits.take(SHA, chunk, 0));
  assert.equal(taken.filter(Boolean).length, MAX_RECHECKS_PER_MINUTE);
  assert.equal(limits.take(SHA, 2000, 60_000), true);
});
