import assert from "node:assert/strict";
import { MemoryStore } from "../store/memory_store.ts";
import { IssuedSerials } from "./issued_serials.ts";

Deno.test("a serial is known for good once it was added, and no other beside it", async () => {
  const { facts } = new MemoryStore();
  const issued = await IssuedSerials.load(facts);
  assert.equal(issued.has(5), false);
  await issued.add(5);
  const again = await IssuedSerials.load(facts);
  assert.deepEqual([again.has(4), again.has(5), again.has(6)], [false, true, false]);
});

Deno.test("past the limit the lowest serials are forgotten", async () => {
  const { facts } = new MemoryStore();
  const issued = await IssuedSerials.load(facts);
  for (let serial = 1; serial <= 1001; serial++) await issued.add(serial);
  assert.deepEqual([issued.has(1), issued.has(2), issued.has(1001)], [false, true, true]);
  const again = await IssuedSerials.load(facts);
  assert.deepEqual([again.has(1), again.has(2)], [false, true]);
});
