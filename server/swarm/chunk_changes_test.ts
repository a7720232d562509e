import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { tellMap } from "./chunk_changes.ts";

const facts = (chunks: readonly number[], sources = ["a", "b"]) => ({
  chunks: new Uint8Array(chunks),
  sources,
});

Deno.test("whoever knows an earlier map and applies what is told has the later one", () => {
  const place = fc.nat(2);
  const maps = fc.array(fc.tuple(place, place), { minLength: 1, maxLength: 600 });
  fc.assert(fc.property(maps, (pairs) => {
    const before = facts(pairs.map(([old]) => old));
    const after = facts(pairs.map(([, now]) => now));
    const told = tellMap(before, after);
    const chunks = told.map === null
      ? before.chunks.slice()
      : new Uint8Array(Buffer.from(told.map, "base64"));
    if ("changes" in told) {
      const changes = Buffer.from(told.changes, "base64");
      for (let at = 0; at < changes.length; at += 3) {
        chunks[changes.readUInt16BE(at)] = changes.readUInt8(at + 2);
      }
    }
    assert.deepEqual(chunks, after.chunks);
  }));
});

Deno.test("a map is told as a whole to whoever knows none, or one whose sources have other places", () => {
  const map = facts([1, 0, 2]);
  const whole = { map: Buffer.from([1, 0, 2]).toString("base64") };
  assert.deepEqual(tellMap(undefined, map), whole);
  assert.deepEqual(tellMap(facts([1, 0, 0], ["b", "a"]), map), whole);
  assert.deepEqual(tellMap(facts([1, 0]), map), whole);
  assert.deepEqual(tellMap(map, undefined), { map: null });
});

Deno.test("a chunk past the 256th keeps its number", () => {
  const before = facts(new Array(4096).fill(0));
  const after = facts(new Array(4096).fill(0).with(4095, 1));
  assert.deepEqual(tellMap(before, after), {
    map: null,
    changes: Buffer.from([0x0f, 0xff, 1]).toString("base64"),
  });
});
