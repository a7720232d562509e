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

Deno.test("what needs an engine that backtracks, and what does not compile, is refused with the reason", () => {
  const refused: readonly [pattern: string, reason: RegExp][] = [
    ["(a)\\1", /syntax of RE2: invalid escape sequence: `\\1`/],
    ["a(?=b)", /unsupported Perl syntax: `\(\?=`/],
    ["(?<!a)b", /invalid named capture/],
    ["(", /missing closing \)/],
    ["[b-a]", /invalid character class range/],
    ["a**", /invalid nested repetition operator/],
    ["((a|b){100}){5}", /has \d+ steps, and at most 500/],
    ["((a{1000}){1000})", /invalid repeat count/],
    ["", /expected a regular expression like/],
  ];
  for (const [pattern, reason] of refused) {
    const issue = linePattern.safeParse(pattern).error?.issues[0];
    assert.match(issue?.message ?? `accepted ${pattern}`, reason);
  }
});
