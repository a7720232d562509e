import assert from "node:assert/strict";
import { ChunkMemory } from "./chunk_memory.ts";

Deno.test("downloads of about the same size use the same memory, one after the other", () => {
  const memory = new ChunkMemory();
  memory.enter();
  const first = memory.take(70_000);
  memory.give(first);
  assert.equal(memory.take(131_072).buffer, first.buffer);
});

Deno.test("nobody gets less than asked for, nor what another one uses", () => {
  const memory = new ChunkMemory();
  memory.enter();
  const small = memory.take(1);
  memory.give(small);
  const large = memory.take(1 << 20);
  assert.ok(large.length >= 1 << 20);
  assert.equal(memory.take(1).buffer, small.buffer);
  assert.notEqual(memory.take(1).buffer, small.buffer);
});

Deno.test("memory is let go of with the last download, however often it says so", () => {
  const memory = new ChunkMemory();
  const [leave, leaveLast] = [memory.enter(), memory.enter()];
  const buffer = memory.take(1);
  memory.give(buffer);
  leave();
  leave();
  const again = memory.take(1);
  assert.equal(again.buffer, buffer.buffer);
  memory.give(again);
  leaveLast();
  assert.notEqual(memory.take(1).buffer, buffer.buffer);
  memory.give(buffer);
  assert.notEqual(memory.take(1).buffer, buffer.buffer);
});
