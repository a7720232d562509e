import assert from "node:assert/strict";
import { findTraitValues, MAX_TRAIT_DEPTH } from "./trait_values.ts";

const traits = {
  os: { distro: "debian", version: 12, container: false, codename: null },
  mountpoints: [{ path: "/" }, { path: "/var" }, { device: "sdb" }],
  groups: [],
  "dotted.name": "x",
};

Deno.test("a path leads to the value of a leaf", () => {
  assert.deepEqual(findTraitValues(traits, ["os", "distro"]), ["debian"]);
  assert.deepEqual(findTraitValues(traits, ["os", "container"]), [false]);
  assert.deepEqual(findTraitValues(traits, ["dotted.name"]), ["x"]);
});

Deno.test("lists are walked through on the way and at the end", () => {
  assert.deepEqual(findTraitValues(traits, ["mountpoints", "path"]), ["/", "/var"]);
  assert.deepEqual(findTraitValues({ tags: ["a", ["b"]] }, ["tags"]), ["a", "b"]);
});

Deno.test("an empty list is there and has no values", () => {
  assert.deepEqual(findTraitValues(traits, ["groups"]), []);
});

Deno.test("absent paths, nulls and objects hold nothing that can be compared", () => {
  for (
    const path of [["os"], ["os", "codename"], ["os", "kernel"], ["os", "distro", "x"], ["none"]]
  ) {
    assert.equal(findTraitValues(traits, path), undefined);
  }
  assert.equal(findTraitValues(undefined, ["os"]), undefined);
});

Deno.test("members that every JavaScript object inherits are not traits", () => {
  assert.equal(findTraitValues({}, ["constructor", "name"]), undefined);
  assert.equal(findTraitValues({}, ["__proto__"]), undefined);
  assert.equal(findTraitValues([], ["length"])?.length, 0);
});

Deno.test("nesting beyond the limit is not looked into", () => {
  const nest = (levels: number): unknown => {
    let value: unknown = ["x"];
    for (let level = 1; level < levels; level += 1) value = [value];
    return value;
  };
  assert.deepEqual(findTraitValues(nest(MAX_TRAIT_DEPTH), []), ["x"]);
  assert.equal(findTraitValues(nest(MAX_TRAIT_DEPTH + 1), []), undefined);
});
