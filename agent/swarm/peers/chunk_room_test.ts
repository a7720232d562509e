import assert from "node:assert/strict";
import { ChunkRoom } from "./chunk_room.ts";

/** Memory that tells who has some. */
function countedMemory() {
  const counts = { taken: 0, given: 0 };
  const memory = {
    take: (sizeBytes: number) => (counts.taken += 1, new Uint8Array(sizeBytes + 3)),
    give: () => void (counts.given += 1),
  };
  return { counts, memory };
}

Deno.test("room takes memory when it is opened, and no other when it is opened again", () => {
  const { counts, memory } = countedMemory();
  const room = new ChunkRoom(memory, 5);
  assert.equal(counts.taken, 0);
  const bytes = room.open();
  assert.equal(bytes.length, 5);
  assert.equal(room.open().buffer, bytes.buffer);
  assert.equal(counts.taken, 1);
});

Deno.test("memory is given back once, and only if it was taken", () => {
  const { counts, memory } = countedMemory();
  new ChunkRoom(memory, 8).close();
  assert.equal(counts.given, 0);
  const room = new ChunkRoom(memory, 8);
  room.open();
  room.close();
  room.close();
  assert.equal(counts.given, 1);
});
