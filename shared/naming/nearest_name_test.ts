import assert from "node:assert/strict";
import fc from "fast-check";
import { editDistance, nearestName } from "./nearest_name.ts";

Deno.test("a misspelt name finds the one that was meant", () => {
  const known = ["depends_on", "notify", "content", "owner"];
  assert.equal(nearestName("depend_on", known), "depends_on");
  assert.equal(nearestName("ntoify", known), "notify");
  assert.equal(nearestName("OWNER", known), "owner");
});

Deno.test("a name that is nothing like the known ones finds none", () => {
  assert.equal(nearestName("mode", ["content", "owner"]), undefined);
  assert.equal(nearestName("x", ["y"]), undefined);
});

Deno.test("a swap of neighbours counts as one edit", () => {
  assert.equal(editDistance("port", "prot"), 1);
  assert.equal(editDistance("port", "ports"), 1);
  assert.equal(editDistance("", "abc"), 3);
});

Deno.test("the distance is symmetric, and zero for equal names alone", () => {
  const name = fc.string({ maxLength: 12 });
  fc.assert(fc.property(name, name, (a, b) => {
    assert.equal(editDistance(a, b), editDistance(b, a));
    assert.equal(editDistance(a, b) === 0, a === b);
  }));
});
