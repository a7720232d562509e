import assert from "node:assert/strict";
import fc from "fast-check";
import { hashText, NAMED_TINTS, readTint, tintOf } from "./palette.js";

Deno.test("each of the eight names is a colour, in any case, and so are hex codes of six and of three digits", () => {
  const names = ["yellow", "red", "green", "blue", "peach", "mauve", "teal", "pink"];
  assert.deepEqual(Object.keys(NAMED_TINTS), names);
  for (const name of names) assert.equal(readTint(` ${name.toUpperCase()} `), NAMED_TINTS[name]);
  assert.deepEqual(readTint("#12aBcf"), { light: "#12abcf", dark: "#12abcf" });
  assert.deepEqual(readTint("#1aF"), { light: "#11aaff", dark: "#11aaff" });
});

Deno.test("whatever else a tag says falls back to the slot that the name alone decides", () => {
  const bad = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "#12",
      "#1234",
      "#12345g",
      "constructor",
      "__proto__",
      "red;",
      "rgb(0,0,0)",
      "",
    ),
  ).filter((tag) => readTint(tag) === undefined);
  fc.assert(fc.property(fc.string(), bad, (hostname, tag) => {
    assert.equal(tintOf(hostname, tag), tintOf(hostname, null));
    assert(Object.values(NAMED_TINTS).includes(tintOf(hostname, tag)));
  }));
});

Deno.test("every colour that can come out is six hex digits, whatever goes in", () => {
  fc.assert(fc.property(fc.string(), fc.option(fc.string()), (hostname, tag) => {
    const { light, dark } = tintOf(hostname, tag);
    for (const colour of [light, dark]) assert.match(colour, /^#[0-9a-f]{6}$/);
  }));
});

Deno.test("a hostname has its colour in any case, and hosts of one row spread over the slots", () => {
  assert.equal(tintOf("WEB-1", null), tintOf("web-1", undefined));
  const used = new Set(Array.from({ length: 64 }, (_, at) => tintOf(`web-${at}`, null)));
  assert.equal(used.size, 8);
  assert.notEqual(hashText("web-1"), hashText("web-2"));
});
