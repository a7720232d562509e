import assert from "node:assert/strict";
import fc from "fast-check";
import { prefixLength } from "./prefix_length.ts";

Deno.test("masks of both families give the length of their prefix", () => {
  assert.equal(prefixLength("255.255.255.0"), 24);
  assert.equal(prefixLength("0.0.0.0"), 0);
  assert.equal(prefixLength("ffff:ffff:ffff:ffff::"), 64);
  assert.equal(prefixLength("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 128);
  assert.equal(prefixLength("fe00::"), 7);
  assert.equal(prefixLength("::"), 0);
});

Deno.test("a mask with a hole, and any other text, gives none", () => {
  assert.equal(prefixLength("255.0.255.0"), undefined);
  fc.assert(fc.property(fc.string(), (text) => {
    const length = prefixLength(text);
    assert.ok(length === undefined || length <= 128);
  }));
});
