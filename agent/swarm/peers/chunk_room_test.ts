import assert from "node:assert/strict";
import { BufferPool } from "./buffer_pool.ts";
import { ChunkRoom } from "./chunk_room.ts";

Deno.test("room takes memory when it is opened, and the next one takes the same again", () => {
  const pool = new BufferPool(8, 2);
  const waiting = new ChunkRoom(pool, 8);
  const first = new ChunkRoom(pool, 5);
  const bytes = first.open();
  assert.equal(bytes.length, 5);
  assert.equal(first.open().buffer, bytes.buffer);
  first.close();
  assert.equal(waiting.open().buffer, bytes.buffer, "nothing was taken for the one that waited");
});

Deno.test("memory is given back once", () => {
  const pool = new BufferPool(8, 2);
  const room = new ChunkRoom(pool, 8);
  room.open();
  room.close();
  room.close();
  assert.notEqual(pool.take().buffer, pool.take().buffer);
});
