import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_VGO_LENGTH, parseVgo } from "./parse_vgo.ts";
import { formatProblem, ProblemList } from "./problem_list.ts";

function problemsOf(text: string): string[] {
  const problems = new ProblemList();
  parseVgo("x.vgo", text, problems);
  return problems.sorted().map(formatProblem);
}

const REFUSED: readonly [string, string, string][] = [
  ["a tab as indentation", "a:\n\t- 1\n", "x.vgo:2:1: tab used for indentation: use spaces"],
  [
    "a duplicate key",
    "a: 1\nb:\n  c: 1\n  c: 2\n",
    'x.vgo:4:3: duplicate key "c": it stands at 3:3 already',
  ],
  [
    "a pattern that is not quoted",
    "match: *.web\n",
    `x.vgo:1:8: "*.web" is read as a YAML alias, which stacks do not have: quote it as '*.web' if it is a pattern`,
  ],
  [
    "a template that is not quoted",
    "a: {{ vars.x }}\n",
    'x.vgo:1:4: value that starts with "{{" is not quoted: write it as "{{ … }}"',
  ],
  [
    "a template that is not quoted and goes on",
    "a: {{ vars.x }}/etc\n",
    'x.vgo:1:16: value that starts with "{{" is not quoted: put "a: {{ vars.x }}/etc" in quotes',
  ],
  [
    "an anchor",
    "a: &x 1\n",
    'x.vgo:1:7: unexpected anchor "&x": use vars or defaults, or quote the value',
  ],
  ["a merge key", "<<: {a: 1}\n", 'x.vgo:1:1: unexpected merge key "<<": use vars or defaults'],
  ["a tag", "a: !env HOME\n", "x.vgo:1:4: cannot read"],
  ["a second document", "a: 1\n---\nb: 2\n", 'x.vgo:2:1: second document after "---"'],
  ["a directive", "%YAML 1.1\n---\na: yes\n", 'x.vgo:1:1: unexpected directive "%YAML"'],
  ["an empty file", "# nothing\n", "x.vgo:1:1: file is empty: expected a map"],
  [
    "a key that is a number",
    "1: a\n",
    "x.vgo:1:1: unexpected key 1: expected text, so put it in quotes",
  ],
  ["a number beyond precision", "a: 99999999999999999999\n", "x.vgo:1:4: number"],
  ["a list that never ends", "a: [1, 2\n", "x.vgo:2:1: cannot read"],
];

for (const [what, text, expected] of REFUSED) {
  Deno.test(`${what} is refused at its place`, () => {
    const [problem = "no problem"] = problemsOf(text);
    assert.ok(problem.startsWith(expected), problem);
  });
}

Deno.test("an alias bomb is refused without being expanded", () => {
  const lines = ["a: &a [x, x, x, x, x, x, x, x, x]"];
  for (const [name, previous] of [["b", "a"], ["c", "b"], ["d", "c"], ["e", "d"]]) {
    lines.push(`${name}: &${name} [${Array(9).fill(`*${previous}`).join(", ")}]`);
  }
  assert.ok(problemsOf(lines.join("\n")).some((problem) => /YAML alias/.test(problem)));
});

Deno.test("nesting beyond the limit is refused, however it is written", () => {
  for (
    const text of ["- ".repeat(100) + "x", "[".repeat(50) + "]".repeat(50), "- ".repeat(100_000)]
  ) {
    assert.ok(problemsOf(text).some((problem) => /nested deeper than 32/.test(problem)));
  }
});

Deno.test("a file beyond the size limit is refused before it is parsed", () => {
  assert.match(problemsOf("#".repeat(MAX_VGO_LENGTH + 1))[0] ?? "", /the limit is/);
});

Deno.test("the place of a character in a value is found through quotes, folding and indentation", () => {
  const problems = new ProblemList();
  const text = "a: 'x {{ y }} {{ y }}'\nb: |\n  one\n    {{ z }}\nc: >\n  one\n  two z\n  three\n";
  const node = parseVgo("x.vgo", text, problems);
  assert.ok(node?.kind === "map");
  const [a, b, c] = node.entries.map(({ value }) => value);
  assert.ok(a?.kind === "scalar" && b?.kind === "scalar" && c?.kind === "scalar");
  assert.deepEqual(a.placeAt(11), { file: "x.vgo", line: 1, column: 16 });
  assert.deepEqual(c.placeAt(String(c.value).indexOf("z")), { file: "x.vgo", line: 7, column: 7 });
  assert.deepEqual(b.placeAt(String(b.value).indexOf("{{")), { file: "x.vgo", line: 4, column: 5 });
});

Deno.test("no text makes the parser crash, and every problem has a place in the text", () => {
  const piece = fc.constantFrom(
    ..."a:|b: |- |  |\n|\t|{{|}}|[|]|{|}|*x|&x|!t|'|\"|>|#|?|---|%YAML 1.1|<<: |~|1e999|\u{1F600}|\uD800|\0|,"
      .split("|"),
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join("")),
  );
  fc.assert(
    fc.property(text, (source) => {
      const problems = new ProblemList();
      parseVgo("x.vgo", source, problems);
      const lines = source.split("\n");
      for (const { line, column } of problems.sorted()) {
        assert.ok(line >= 1 && line <= lines.length && column >= 1, `${line}:${column}`);
      }
    }),
    { numRuns: 500 },
  );
});
