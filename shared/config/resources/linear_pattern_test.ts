import assert from "node:assert/strict";
import { acceptedPattern, compilePattern } from "./linear_pattern.ts";

/** Patterns and texts that keep an engine busy for hours if it backtracks, and never match. */
const HOSTILE: readonly [pattern: string, text: string][] = [
  ["export .*PATH.*=x", "export PATH=".repeat(25_000)],
  ["(a+)+$", "a".repeat(300_000) + "b"],
  ["^(\\w|\\d)+=", "0".repeat(300_000)],
  ["(a|a)*b$", "a".repeat(300_000)],
  ["\\s+$", " ".repeat(300_000) + "x"],
  ["a(a|b){12}[cd]$", "aab".repeat(30_000)],
];

for (const [pattern, text] of HOSTILE) {
  Deno.test(`a hostile text ends the search for ${pattern} without a match`, () => {
    assert.equal(acceptedPattern(pattern).test(text), false);
  });
}

Deno.test("a pattern is found anywhere in a text unless it is anchored, whatever was searched before", () => {
  const { test: isPort } = acceptedPattern("^#?Port \\d+$");
  for (const text of ["Port 22", "#Port 1"]) assert.ok(isPort(text), text);
  for (const text of ["xPort 22", "Port 22 ", "Port 22\nx"]) assert.ok(!isPort(text), text);
  assert.ok(acceptedPattern("ü+[[:alpha:]]").test("größe üüa"));
  assert.ok(acceptedPattern("(?i)PORT").test("a port"));
});

Deno.test("a pattern that does not compile says why", () => {
  assert.deepEqual(compilePattern("(?=a)"), {
    ok: false,
    reason: "invalid or unsupported Perl syntax: `(?=`",
  });
  assert.throws(() => acceptedPattern("("), /Cannot use pattern "\("/);
});
