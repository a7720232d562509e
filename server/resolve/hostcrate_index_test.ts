import assert from "node:assert/strict";
import fc from "fast-check";
import { loadStacks } from "../stacks/load_stacks.ts";
import { hostcrateIndex } from "./hostcrate_index.ts";

function treeOf(patterns: readonly string[]) {
  const entries = patterns.map((pattern) => `  - match: ${JSON.stringify(pattern)}\n`);
  const bytes = new TextEncoder().encode(`envoys:\n${entries.join("")}`);
  return loadStacks([{ path: "envoys.vgo", bytes }]).tree;
}

Deno.test("the index finds the entry that a search from the top would find", () => {
  const pattern = fc.constantFrom("a", "A", "b", "ab", "*", "a*", "?", "[ab]", "*b", "a\\*");
  fc.assert(
    fc.property(
      fc.array(pattern, { minLength: 1, maxLength: 8 }),
      fc.constantFrom("a", "b", "AB", "c", "a*"),
      (patterns, hostname) => {
        const tree = treeOf(patterns);
        assert.equal(
          hostcrateIndex(tree).find(hostname),
          tree.hostcrates.find(({ match }) => match.matches(hostname)),
        );
      },
    ),
  );
});
