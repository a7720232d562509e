import assert from "node:assert/strict";
import { MAX_NONCES_PER_ENVOY, NonceCache } from "./nonce_cache.ts";

function nonce(number: number): Uint8Array {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

Deno.test("a nonce is fresh once, for as long as its stamp could pass", () => {
  const cache = new NonceCache();
  assert.equal(cache.take(nonce(1), 1_000, 0), "fresh");
  assert.equal(cache.take(nonce(1), 1_000, 500), "replayed");
  assert.equal(cache.take(nonce(1), 1_000, 1_000), "replayed", "its last millisecond counts");
  assert.equal(cache.take(nonce(2), 3_000, 1_001), "fresh");
  assert.equal(cache.size, 1, "what can no longer pass is forgotten");
});

Deno.test("past its limit it refuses rather than forgets", () => {
  const cache = new NonceCache();
  for (let number = 0; number < MAX_NONCES_PER_ENVOY; number++) {
    assert.equal(cache.take(nonce(number), 1_000, 0), "fresh");
  }
  assert.equal(cache.take(nonce(MAX_NONCES_PER_ENVOY), 1_000, 0), "full");
  assert.equal(cache.take(nonce(0), 1_000, 0), "replayed");
  assert.equal(cache.take(nonce(MAX_NONCES_PER_ENVOY), 3_000, 2_000), "fresh");
});
