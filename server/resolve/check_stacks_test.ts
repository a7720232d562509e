import assert from "node:assert/strict";
import fc from "fast-check";
import { bundleResourceSchema } from "../../shared/config/policy_bundle.ts";
import { formatProblem } from "../stacks/problem_list.ts";
import { stackFiles } from "../stacks/stack_fixture.ts";
import { checkStacks } from "./check_stacks.ts";
import { compileHost } from "./compile_host.ts";

const ENVOYS = 'match: "*"\nconfigcrates: [a]\n';

function problemsOf(texts: Readonly<Record<string, string>>): string[] {
  const checked = checkStacks(stackFiles({ "envoys.vgo": ENVOYS, ...texts }));
  return checked.ok ? [] : checked.problems.map(formatProblem);
}

function problemsOfCrate(resources: string): string[] {
  return problemsOf({ "configcrates/a.vgo": `name: a\nresources:\n${resources}` });
}

const REFUSED: readonly [string, string, readonly string[]][] = [
  [
    "a parameter of the wrong kind, as it was written",
    "  - file: /x\n    mode: 0644\n",
    [
      'configcrates/a.vgo:4:11: "mode" of file:/x is 0644: expected a quoted octal mode, like "0644"',
    ],
  ],
  [
    "a parameter that is missing",
    "  - symlink: /x\n",
    [
      'configcrates/a.vgo:3:5: symlink:/x needs "target": expected the path that the link points to, like "/etc/nginx"',
    ],
  ],
  [
    "an item inside a parameter",
    "  - exec: x\n    returns: [0, 999]\n",
    [
      'configcrates/a.vgo:4:18: "returns.1" of exec:x is 999: Too big: expected number to be <=255',
    ],
  ],
  [
    "a pattern that no engine of linear time can search for",
    "  - process: x\n    ensure: stopped\n    pattern: (a)\\1\n",
    [
      'configcrates/a.vgo:5:14: "pattern" of process:x is "(a)\\\\1": expected a regular expression over command lines, like "^python3 .*worker", in the syntax of RE2: invalid escape sequence: `\\1`',
    ],
  ],
  [
    "parameters that do not go together",
    "  - file: /x\n    ensure: absent\n    mode: '0644'\n",
    ['configcrates/a.vgo:5:5: file:/x: "mode" cannot be combined with ensure: absent'],
  ],
  [
    "a template beside content",
    "  - file: /x\n    content: a\n    source: templates/x\n",
    [
      'configcrates/a.vgo:5:13: unknown template "templates/x": no such file in stacks',
    ],
  ],
  [
    "a resource declared twice",
    "  - file: /x\n  - file: /x\n",
    ['configcrates/a.vgo:4:5: duplicate resource "file:/x": configcrates/a.vgo:3:5 has it'],
  ],
  [
    "two resources for one path",
    "  - file: /x\n  - directory: y\n    path: /x\n",
    [
      'configcrates/a.vgo:4:5: directory:y and file:/x (configcrates/a.vgo:3:5) both manage "/x": keep one',
    ],
  ],
  [
    "a reference that leads nowhere",
    "  - file: /x\n    notify: exec:relaod\n  - exec: reload\n    when: changed\n",
    ['configcrates/a.vgo:4:13: unknown resource "exec:relaod". Did you mean "exec:reload"?'],
  ],
  [
    "a service that would restart on every run",
    "  - service: x\n    state: restarted\n",
    [
      'configcrates/a.vgo:4:12: service:x would be restarted on every run: add "when: changed" or "subscribes"',
    ],
  ],
  [
    "a resource that reaches for what Vigo needs",
    "  - file: /srv/vigo/server.yaml\n",
    [
      'configcrates/a.vgo:3:5: configcrate "a" may not have file:/srv/vigo/server.yaml: "/srv/vigo/server.yaml" is in /srv/vigo, which belongs to Vigo',
    ],
  ],
  [
    "a cycle, with what closes it",
    "  - file: /d/x\n    before: exec:y\n  - exec: y\n    notify: directory:/d\n  - directory: /d\n",
    [
      "configcrates/a.vgo:3:5: resources wait for each other: file:/d/x → directory:/d (is its folder) → exec:y (notify at configcrates/a.vgo:6:13) → file:/d/x (before at configcrates/a.vgo:4:13)",
    ],
  ],
  [
    "a resource that waits for itself",
    "  - exec: y\n    depends_on: exec:y\n",
    [
      "configcrates/a.vgo:3:5: resources wait for each other: exec:y → exec:y (depends_on at configcrates/a.vgo:4:17)",
    ],
  ],
];

for (const [what, resources, expected] of REFUSED) {
  Deno.test(`${what} is refused at its place`, () => {
    assert.deepEqual(problemsOfCrate(resources), expected);
  });
}

Deno.test("a chain of thousands is ordered, and as a cycle printed in part", () => {
  const link = (from: number, to: number) => `  - exec: e${from}\n    depends_on: exec:e${to}\n`;
  const chain = Array.from({ length: 2000 }, (_, each) => link(each, each + 1)).join("");
  assert.deepEqual(problemsOfCrate(`${chain}  - exec: e2000\n`), []);
  const [cycle = "", ...others] = problemsOfCrate(`${chain}${link(2000, 0)}`);
  assert.deepEqual(others, []);
  assert.match(cycle, / → … 1981 more → exec:e0 \(depends_on at configcrates\/a.vgo:4004:17\)$/);
});

Deno.test("a mistake that only some hosts meet names their patterns", () => {
  const crate = 'name: a\nresources:\n  - file: /x\n    content: "{{ vars.prot }}"\n';
  assert.deepEqual(
    problemsOf({
      "configcrates/a.vgo": crate,
      "envoys.vgo":
        'envoys:\n  - {match: "a", configcrates: [a], vars: {port: 1}}\n  - {match: "b", configcrates: [a], vars: {prot: 1}}\n',
    }),
    [
      'configcrates/a.vgo:4:18: undefined name "vars.prot". Did you mean "vars.port"? (for hosts that match "a")',
    ],
  );
});

Deno.test("a variable that is misspelt in a condition is found though rendering would pass it by", () => {
  assert.deepEqual(
    problemsOf({
      "configcrates/a.vgo":
        'name: a\nvars: {port: 1}\nresources:\n  - file: /x\n    content: "{% if vars.prot %}a{% endif %}"\n',
    }),
    ['configcrates/a.vgo:5:21: undefined name "vars.prot". Did you mean "vars.port"?'],
  );
});

Deno.test("what depends on traits is not judged before there is a host", () => {
  assert.deepEqual(
    problemsOfCrate(
      `  - file: "{{ traits.a.b }}"
    mode: "{{ traits.mode }}"
    content: "{{ traits.content }}"
    validate: "true %"
    notify: "exec:{{ traits.x }}"
  - exec: "{{ traits.x }}"
    when: changed
  - file: /y
    ensure: "{{ traits.state }}"
    mode: "0600"
  - file: /z
    content: "{{ traits.os }}"
    validate: "true %"
`,
    ),
    [],
  );
  assert.match(
    problemsOfCrate('  - file: "{{ traits.a }}"\n    mode: 7\n')[0] ?? "",
    /4:11: "mode" of file:\{\{ traits.a \}\} is 7/,
  );
});

Deno.test("a configcrate that nobody uses is checked too", () => {
  const crate = "name: b\nresources:\n  - file: x\n    notify: exec:elsewhere\n";
  assert.deepEqual(
    problemsOf({
      "configcrates/a.vgo": "name: a\nresources:\n  - exec: elsewhere\n    when: changed\n",
      "configcrates/b.vgo": crate,
    }),
    [
      'configcrates/b.vgo:3:11: "path" of file:x is "x": expected an absolute path without ".", "..", "//" or a final "/", like "/etc/motd"',
    ],
  );
});

Deno.test("no tree of resources makes checking or compiling crash", () => {
  const text = fc.constantFrom(
    "/x",
    "/x/y",
    "{{ vars.a }}",
    "{{ vars.c }}",
    "{{ traits.a.b }}",
    "{{ traits }}",
    "{{ traits.a | json }}",
    "x",
    "0644",
    "absent",
    "restarted",
    "secret:a/b",
    "{{ vars.s }}",
    "{{ vars.m.b }}{{ traits.z }}",
    "{{ item }}",
    "{{ env }}{{ traits.a.b }}",
  );
  const when = fc.constantFrom(
    "changed",
    "false",
    "traits.a.b == 1",
    "vars.s == 1 || env == 'p'",
    "item == '/x' || port_listening(80)",
    "has_trait('a.b') && changed",
    "vars.c != 1",
  );
  const foreach = fc.oneof(
    fc.array(text, { maxLength: 3 }),
    fc.constantFrom("{{ vars.m }}", "{{ traits.a }}", "{{ vars.s }}", { a: "/x", b: "secret:x" }),
  );
  const value = fc.oneof(text, fc.constantFrom(0, true, null), fc.array(text, { maxLength: 2 }));
  const type = fc.constantFrom(
    "file",
    "directory",
    "symlink",
    "exec",
    "package",
    "service",
    "user",
  );
  const reference = fc.tuple(type, text).map(([name, rest]) => `${name}:${rest}`);
  const resource = fc.tuple(
    type,
    text,
    fc.dictionary(
      fc.constantFrom(
        "path",
        "content",
        "mode",
        "owner",
        "ensure",
        "state",
        "command",
        "cwd",
        "name",
        "source",
        "target",
      ),
      value,
    ),
    fc.dictionary(fc.constantFrom("depends_on", "before", "notify", "subscribes"), reference),
    fc.record({ when, foreach }, { requiredKeys: [] }),
  ).map(([name, title, params, references, rest]) => ({
    [name]: title,
    ...params,
    ...references,
    ...rest,
  }));
  const around = fc.record({ when, foreach }, { requiredKeys: [] });
  fc.assert(
    fc.property(
      fc.array(resource, { maxLength: 6 }),
      fc.jsonValue(),
      around,
      (resources, traits, rest) => {
        const vars = { a: 1, c: "{{ traits.a.b }}", s: "secret:s", m: { a: ["secret:t"], b: "x" } };
        const crate = { name: "a", vars, ...rest, resources };
        const checked = checkStacks(
          stackFiles({
            "envoys.vgo": `${ENVOYS}environment: p\n`,
            "configcrates/a.vgo": JSON.stringify(crate),
          }),
        );
        if (!checked.ok) return assert.ok(checked.problems.length > 0);
        // Any JSON may be a trait.
        const facts = { hostname: "x", traits: { a: traits as Record<string, never> } };
        const compiled = compileHost(checked.tree, facts);
        if (!compiled.ok) return assert.ok(compiled.problems.length > 0);
        for (const each of compiled.resources) bundleResourceSchema.parse(each);
      },
    ),
    { numRuns: 300 },
  );
});
