import assert from "node:assert/strict";
import fc from "fast-check";
import { drawSome } from "./draw_some.ts";

Deno.test("what is drawn are different items of the list, as many as asked for if there are", () => {
  const chance = fc.array(fc.double({ min: 0, max: 0.999999, noNaN: true }), { minLength: 40 });
  fc.assert(fc.property(fc.nat(40), fc.nat(50), chance, (length, count, numbers) => {
    let next = 0;
    const items = Array.from({ length }, (_, index) => index);
    const drawn = drawSome(items, count, () => numbers[next++ % numbers.length] ?? 0);
    assert.equal(drawn.length, Math.min(length, count));
    assert.equal(new Set(drawn).size, drawn.length);
    assert.ok(drawn.every((item) => items.includes(item)));
  }));
});

Deno.test("each item is as likely as any other to be the first", () => {
  const firsts = Array.from(
    { length: 3 },
    (_, at) => drawSome(["a", "b", "c"], 3, () => (at + 0.5) / 3)[0],
  );
  assert.deepEqual(firsts.sort(), ["a", "b", "c"]);
});
