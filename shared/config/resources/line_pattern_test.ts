import assert from "node:assert/strict";
import { linePattern } from "./line_pattern.ts";

Deno.test("patterns as they are written for lines of configuration are accepted", () => {
  for (
    const pattern of [
      "^#?Port ",
      "^\\s*listen\\s+\\d+;$",
      "^(a|b)+$",
      "^(\\d+\\.){3}\\d+$",
      "(x+)?y",
      "[(a+)+]",
      "\\(a+\\)+",
      "é$",
    ]
  ) assert.equal(linePattern.parse(pattern), pattern);
});

Deno.test("a repeated group that repeats something itself is refused", () => {
  for (const pattern of ["(a+)+", "^(a*)*$", "((a{2,})b)+", "(?:x|y*)+", "(a+){2,9}"]) {
    const issue = linePattern.safeParse(pattern).error?.issues[0];
    assert.match(issue?.message ?? `accepted ${pattern}`, /repeats a group/);
  }
});

Deno.test("what does not compile is refused with the reason", () => {
  for (const pattern of ["(", "[b-a]", "a**", "\\k", ""]) {
    const issue = linePattern.safeParse(pattern).error?.issues[0];
    assert.match(issue?.message ?? `accepted ${pattern}`, /expected a regular expression like/);
  }
});
