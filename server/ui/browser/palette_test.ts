import assert from "node:assert/strict";
import fc from "fast-check";
import { hashText, NAMED_TINTS, readTint, tintOf, tintsOf } from "./palette.js";

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

Deno.test("envoys of one picture share no colour while one is free, whatever the order in which they come", () => {
  const hosts = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}-\d$/), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(fc.property(hosts, (hosts) => {
    const tints = tintsOf(hosts.map((host) => [host, null]));
    assert.equal(new Set(tints.values()).size, Math.min(8, hosts.length));
    assert.deepEqual(
      tintsOf(hosts.toReversed().map((host) => [host, null])).get(hosts[0] ?? ""),
      tints.get(hosts[0] ?? ""),
    );
  }));
  const [one = ""] = hosts7();
  assert.equal(tintsOf([[one, null]]).get(one), tintOf(one, null));
});

Deno.test("a colour that a tag says is given as it is, and to no other envoy while one is free", () => {
  const tints = tintsOf([
    ["a", "red"],
    ["b", "red"],
    ...hosts7().map((host) => [host, null] as const),
  ]);
  assert.equal(tints.get("a"), NAMED_TINTS["red"]);
  assert.equal(tints.get("b"), NAMED_TINTS["red"]);
  const others = hosts7().map((host) => tints.get(host));
  assert.equal(new Set(others).size, 7);
  assert.equal(others.includes(NAMED_TINTS["red"]), false);
});

function hosts7(): string[] {
  return Array.from({ length: 7 }, (_, at) => `web-${at}`);
}
