import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_CHUNKS } from "./chunk_layout.ts";
import { ChunkMapWriter, MAX_MAP_SOURCES, readChunkMap } from "./chunk_map.ts";

Deno.test("a map says of each chunk whether it is held and where it came from, and is read as it was written", () => {
  const noted = fc.array(fc.record({ chunk: fc.nat(99), source: fc.constantFrom("a", "b", "c") }));
  fc.assert(fc.property(noted, (notes) => {
    const writer = ChunkMapWriter.of(100);
    assert(writer);
    const expected = new Map<number, string>();
    for (const { chunk, source } of notes) {
      writer.set(chunk, source);
      expected.set(chunk, source);
    }
    const facts = readChunkMap(writer.facts(), 100);
    assert(facts);
    for (let chunk = 0; chunk < 100; chunk += 1) {
      const place: number = facts.chunks[chunk] ?? 0;
      assert.equal(place === 0 ? undefined : facts.sources[place - 1], expected.get(chunk));
    }
  }));
});

Deno.test("a chunk that turned out damaged is not held any more", () => {
  const writer = ChunkMapWriter.of(2);
  writer?.set(1, "hub");
  writer?.clear(1);
  assert.deepEqual(writer?.facts().chunks, new Uint8Array(2));
});

Deno.test("sources past the last that has a place share one", () => {
  const writer = ChunkMapWriter.of(400);
  assert(writer);
  for (let chunk = 0; chunk < 400; chunk += 1) writer.set(chunk, `host-${chunk}`);
  const facts = writer.facts();
  assert.equal(facts.sources.length, MAX_MAP_SOURCES);
  assert.equal(facts.chunks[253], 254);
  assert.equal(facts.chunks[254], 255);
  assert.equal(facts.chunks[399], 255);
  assert.deepEqual(readChunkMap(facts, 400), facts);
});

Deno.test("a blob of no chunks, or of more than a map is made of, has no map", () => {
  assert.equal(ChunkMapWriter.of(0), undefined);
  assert.equal(ChunkMapWriter.of(MAX_CHUNKS + 1), undefined);
});

Deno.test("a map from outside is refused if its length, its number of sources or a source is wrong", () => {
  const chunks = new Uint8Array([0, 1, 2]);
  assert(readChunkMap({ chunks, sources: ["a", "b"] }, 3));
  assert.equal(readChunkMap({ chunks, sources: ["a", "b"] }, 4), undefined);
  assert.equal(readChunkMap({ chunks, sources: ["a"] }, 3), undefined);
  const many = Array.from({ length: MAX_MAP_SOURCES + 1 }, (_, place) => `host-${place}`);
  assert.equal(readChunkMap({ chunks, sources: many }, 3), undefined);
  const long = readChunkMap({ chunks, sources: ["a", "b".repeat(10_000)] }, 3);
  assert.equal(long?.sources[1]?.length, 255);
});
