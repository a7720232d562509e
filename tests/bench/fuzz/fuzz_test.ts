import assert from "node:assert/strict";
import { fuzzParser } from "./fuzz_parser.ts";
import { CASES_PER_TEST, FUZZED_PARSERS } from "./parsers.ts";

for (const parser of FUZZED_PARSERS) {
  Deno.test(`${parser.name}: whatever comes is taken or refused, ${CASES_PER_TEST} times over`, async () => {
    const { finding, cases } = await fuzzParser(parser, { cases: CASES_PER_TEST });
    assert.equal(finding, undefined);
    assert.equal(cases, CASES_PER_TEST);
  });
}

Deno.test("a parser that throws what is not its own is found, with the smallest input and its seed", async () => {
  const parser = {
    name: "fragile",
    file: "",
    input: "text" as const,
    samples: ["a{b}c"],
    refusals: [SyntaxError],
    parse: (text: string) => {
      if (text.includes("((")) throw new TypeError("undefined is not a function");
      if (!text.startsWith("a")) throw new SyntaxError("no a");
    },
  };
  const { finding } = await fuzzParser(parser, { cases: 20_000, seed: 1 });
  assert.match(finding ?? "", /^fragile: ".*\(\(.*" \(seed 1\): TypeError/);
  const fine = await fuzzParser({ ...parser, parse: () => {} }, { cases: 10 });
  assert.deepEqual([fine.finding, fine.cases], [undefined, 10]);
});

Deno.test("what is named as fuzzed is there", async () => {
  for (const { file, name } of FUZZED_PARSERS) {
    const found = await Deno.stat(new URL(`../../../${file}`, import.meta.url));
    assert.ok(found.isFile, name);
  }
});
