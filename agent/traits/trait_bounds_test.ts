import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalJson } from "../../shared/canonical/canonical_json.ts";
import { fitTraits } from "./trait_bounds.ts";

Deno.test("what does not fit is left out, an operator's before a built-in one, the largest first", () => {
  const traits = {
    os: "x".repeat(100),
    packages: "x".repeat(500),
    mine: "x".repeat(50),
    other: "x".repeat(200),
  };
  const fit = (maxBytes: number) =>
    fitTraits(traits, maxBytes, (name) => name === "mine" || name === "other");
  assert.deepEqual(Object.keys(fit(2000).kept), ["os", "packages", "mine", "other"]);
  assert.deepEqual(fit(800).leftOut.map(({ name }) => name), ["other"]);
  assert.deepEqual(fit(200).leftOut.map(({ name }) => name), ["other", "mine", "packages"]);
  assert.match(fit(800).leftOut[0]?.reason ?? "", /left out with its 211 bytes/);
});

Deno.test("whatever there is, what is kept is within the bound", () => {
  const traits = fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }));
  fc.assert(fc.property(traits, fc.integer({ min: 2, max: 200 }), (all, maxBytes) => {
    const { kept, leftOut } = fitTraits(all, maxBytes, (name) => name.length % 2 === 0);
    assert.ok(new TextEncoder().encode(canonicalJson(kept)).length <= maxBytes);
    assert.equal(Object.keys(kept).length + leftOut.length, Object.keys(all).length);
  }));
});
