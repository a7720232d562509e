import assert from "node:assert/strict";
import { Bitmap } from "../../../shared/swarm/bitmap.ts";
import { ChunkOrigins } from "./chunk_origins.ts";

const BLOB = "b".repeat(64);

Deno.test("chunks that were there when an attempt began are told as cached, others by who gave them", () => {
  const origins = new ChunkOrigins();
  const have = new Bitmap(4);
  have.set(2);
  origins.begin(BLOB, have);
  origins.note(BLOB, 0, "hub");
  assert.deepEqual(origins.tell(BLOB), {
    chunks: new Uint8Array([2, 0, 1, 0]),
    sources: ["cached", "hub"],
  });
});

Deno.test("a second attempt remembers who gave what the first one fetched, and forgets what is lost", () => {
  const origins = new ChunkOrigins();
  origins.begin(BLOB, new Bitmap(3));
  origins.note(BLOB, 0, "hub");
  origins.note(BLOB, 1, "web-1");
  origins.end(BLOB);
  const have = new Bitmap(3);
  have.set(0);
  origins.begin(BLOB, have);
  assert.deepEqual(origins.tell(BLOB)?.chunks, new Uint8Array([1, 0, 0]));
  origins.lose(BLOB, 0);
  assert.deepEqual(origins.tell(BLOB)?.chunks, new Uint8Array(3));
});

Deno.test("a download that is over is told for a minute more", () => {
  let nowMs = 0;
  const origins = new ChunkOrigins(() => nowMs);
  origins.begin(BLOB, new Bitmap(1));
  origins.note(BLOB, 0, "hub");
  nowMs = 600_000;
  origins.end(BLOB);
  assert(origins.tell(BLOB));
  nowMs = 660_000;
  assert(origins.tell(BLOB));
  nowMs = 660_001;
  assert.equal(origins.tell(BLOB), undefined);
});

Deno.test("of many downloads the four that began last are told", () => {
  const origins = new ChunkOrigins();
  const blobs = [..."abcdef"].map((digit) => digit.repeat(64));
  for (const blob of blobs) origins.begin(blob, new Bitmap(1));
  const told = blobs.filter((blob) => origins.tell(blob) !== undefined);
  assert.deepEqual(told, blobs.slice(2));
});
