import assert from "node:assert/strict";
import fc from "fast-check";
import { Bitmap } from "./bitmap.ts";

Deno.test("a bitmap agrees with a set of numbers through any sets and clears", () => {
  const step = fc.record({ index: fc.nat(99), set: fc.boolean() });
  fc.assert(fc.property(fc.array(step), (steps) => {
    const bitmap = new Bitmap(100);
    const model = new Set<number>();
    for (const { index, set } of steps) {
      assert.equal(set ? bitmap.set(index) : bitmap.clear(index), set !== model.has(index));
      if (set) model.add(index);
      else model.delete(index);
    }
    assert.equal(bitmap.count, model.size);
    for (let index = 0; index < 100; index += 1) assert.equal(bitmap.has(index), model.has(index));
    let prefix = 0;
    while (model.has(prefix)) prefix += 1;
    assert.equal(bitmap.contiguousPrefix, prefix);
    assert.deepEqual(Bitmap.fromBytes(100, bitmap.toBytes())?.toBytes(), bitmap.toBytes());
  }));
});

Deno.test("bytes of the wrong size or with a bit past the end are no bitmap", () => {
  assert.equal(Bitmap.fromBytes(9, new Uint8Array([0xff])), undefined);
  assert.equal(Bitmap.fromBytes(9, new Uint8Array([0xff, 0b10])), undefined);
  assert.equal(Bitmap.fromBytes(9, new Uint8Array([0xff, 0b1]))?.isFull, true);
  assert.equal(Bitmap.full(9).count, 9);
});

Deno.test("the lowest bit of the first byte is the first chunk, on every machine", () => {
  const bitmap = new Bitmap(43);
  for (const chunk of [0, 9, 31, 32, 42]) bitmap.set(chunk);
  assert.deepEqual([...bitmap.toBytes()], [1, 2, 0, 0x80, 1, 4]);
});

Deno.test("a full bitmap is one in which each bit was set, whatever its length", () => {
  for (let length = 0; length <= 100; length += 1) {
    const each = new Bitmap(length);
    for (let index = 0; index < length; index += 1) each.set(index);
    const full = Bitmap.full(length);
    assert.deepEqual(full.toBytes(), each.toBytes());
    assert.deepEqual([full.isFull, full.count, full.contiguousPrefix], [true, length, length]);
  }
});

Deno.test("a bit outside the bitmap cannot be set", () => {
  assert.throws(() => new Bitmap(8).set(8), /Cannot use chunk 8: the bitmap has 8/);
});

Deno.test("the differences of two bitmaps are visited once each, with the side they are set on", () => {
  const bits = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 70 });
  fc.assert(
    fc.property(bits, (pairs) => {
      const here = new Bitmap(pairs.length);
      const there = new Bitmap(pairs.length);
      const expected: string[] = [];
      pairs.forEach(([isSet, isSetThere], index) => {
        if (isSet) here.set(index);
        if (isSetThere) there.set(index);
        if (isSet !== isSetThere) expected.push(`${index} ${isSet}`);
      });
      const visited: string[] = [];
      here.forEachDifference(there, (index, isSetHere) => visited.push(`${index} ${isSetHere}`));
      assert.deepEqual(visited.sort(), expected.sort());
      const set: number[] = [];
      here.forEachDifference(undefined, (index) => set.push(index));
      assert.deepEqual(set.length, here.count);
    }),
  );
});

Deno.test("a copy goes its own way", () => {
  const one = new Bitmap(10);
  one.set(3);
  const copied = one.copy();
  copied.set(4);
  assert.deepEqual([one.count, copied.count, one.has(4), copied.has(3)], [1, 2, false, true]);
});

Deno.test("bits that nobody else has are found once each, until somebody has enough", () => {
  const bits = fc.array(fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()), { maxLength: 70 });
  fc.assert(
    fc.property(bits, fc.nat(100), (triples, start) => {
      const [here, one, other] = [0, 1, 2].map((side) => {
        const made = new Bitmap(triples.length);
        triples.forEach((triple, index) => triple[side] && made.set(index));
        return made;
      });
      if (!here || !one || !other) return;
      const found: number[] = [];
      here.findWithout(one, other, start, (index) => {
        found.push(index);
        return false;
      });
      const expected = triples.flatMap(([a, b, c], index) => a && !b && !c ? [index] : []);
      const from = triples.length === 0 ? 0 : start % triples.length;
      const around = expected.toSorted((a, b) => Number(a < from) - Number(b < from) || a - b);
      assert.deepEqual(found, around);
      let visits = 0;
      here.findWithout(one, other, start, () => ++visits === 2);
      assert.equal(visits, Math.min(2, expected.length));
    }),
  );
});
