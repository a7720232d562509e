import assert from "node:assert/strict";
import fc from "fast-check";
import { TokenBucket } from "./token_bucket.ts";

Deno.test("without a rate nothing waits", () => {
  assert.equal(new TokenBucket(undefined, 0).take(1e12, 0), 0);
});

Deno.test("over any time no more passes than the rate and one burst allow", () => {
  const takes = fc.array(fc.record({ sizeBytes: fc.nat(5000), pauseMs: fc.nat(2000) }));
  fc.assert(fc.property(takes, (takes) => {
    const bucket = new TokenBucket(1000, 0);
    let nowMs = 0;
    let passed = 0;
    for (const { sizeBytes, pauseMs } of takes) {
      nowMs += pauseMs;
      nowMs += bucket.take(sizeBytes, nowMs);
      passed += sizeBytes;
      assert.ok(passed <= 250 + nowMs + 1e-6, `${passed} bytes in ${nowMs} ms`);
    }
  }));
});

Deno.test("a chunk larger than the burst passes and those behind it wait", () => {
  const bucket = new TokenBucket(1000, 0);
  assert.equal(bucket.take(1000, 0), 1000);
  assert.equal(bucket.take(1000, 1000), 1000);
});
