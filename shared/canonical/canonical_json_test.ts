import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalJson, type Json, MAX_JSON_DEPTH } from "./canonical_json.ts";

Deno.test("the order in which members were written does not matter", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.integer()), (members) => {
      const reversed = Object.fromEntries(Object.entries(members).reverse());
      assert.equal(canonicalJson(reversed), canonicalJson(members));
    }),
  );
});

Deno.test("what is written reads back as the same value", () => {
  const json = fc.jsonValue({ depthSize: "small", noUnicodeString: false });
  fc.assert(
    fc.property(json, (value) => {
      // Every generated value is JSON; a negative zero is the one that JSON text does not keep.
      const plain = JSON.parse(JSON.stringify(value)) as Json;
      fc.pre(JSON.stringify(plain).isWellFormed() && isWellFormed(plain));
      assert.deepEqual(JSON.parse(canonicalJson(plain)), plain);
    }),
  );
});

Deno.test("an absent member and a missing one are the same", () => {
  assert.equal(canonicalJson({ a: undefined, b: 1 }), '{"b":1}');
});

Deno.test("what JSON cannot carry is refused", () => {
  assert.throws(() => canonicalJson(NaN), /NaN is not a finite number/);
  assert.throws(() => canonicalJson("\udc00"), /unpaired surrogate/);
  let deep: Json = 1;
  for (let depth = 0; depth <= MAX_JSON_DEPTH; depth++) deep = [deep];
  assert.throws(() => canonicalJson(deep), /nested deeper/);
});

function isWellFormed(value: Json): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (value === null || typeof value !== "object") return true;
  return Object.entries(value).every(([key, member]) =>
    key.isWellFormed() && (member === undefined || isWellFormed(member))
  );
}
