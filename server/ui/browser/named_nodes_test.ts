import assert from "node:assert/strict";
import { hasName, MANY } from "./named_nodes.js";

const IDLE = { isChosen: false, isActive: false, radiusPx: 5 };

Deno.test("among many who do nothing, names stand only where one looks closely, and of whoever is meant", () => {
  assert.equal(hasName(IDLE, MANY), true);
  assert.equal(hasName(IDLE, MANY + 1), false);
  assert.equal(hasName({ ...IDLE, radiusPx: 20 }, 1_000), true);
  assert.equal(hasName({ ...IDLE, isChosen: true }, 1_000), true);
});

Deno.test("whoever does something among many has a name, unless it is a speck", () => {
  assert.equal(hasName({ ...IDLE, isActive: true }, 1_000), true);
  assert.equal(hasName({ ...IDLE, isActive: true, radiusPx: 2 }, 10), false);
});
