import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeStableTraits } from "./traits_digest.ts";

Deno.test("the digest of traits depends on their values and not on the order of their members", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: "grapheme" }), fc.integer()), (traits) => {
      const reversed = Object.fromEntries(Object.entries(traits).reverse());
      assert.deepEqual(encodeStableTraits(traits), encodeStableTraits(reversed));
    }),
  );
  assert.notDeepEqual(encodeStableTraits({ a: 1 }).digest, encodeStableTraits({ a: 2 }).digest);
});
