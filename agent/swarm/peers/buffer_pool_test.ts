import assert from "node:assert/strict";
import { BufferPool } from "./buffer_pool.ts";

Deno.test("a buffer that was given back is used again", () => {
  const pool = new BufferPool(16, 2);
  const buffer = pool.take();
  assert.equal(buffer.length, 16);
  pool.give(buffer);
  assert.equal(pool.take(), buffer);
  assert.notEqual(pool.take(), buffer);
});

Deno.test("a burst of buffers is not kept for ever", () => {
  const pool = new BufferPool(16, 2);
  const burst = Array.from({ length: 5 }, () => pool.take());
  for (const buffer of burst) pool.give(buffer);
  const kept = Array.from({ length: 5 }, () => pool.take()).filter((one) => burst.includes(one));
  assert.equal(kept.length, 2);
});
