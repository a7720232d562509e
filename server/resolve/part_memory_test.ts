import assert from "node:assert/strict";
import fc from "fast-check";
import { stackFiles } from "../stacks/stack_fixture.ts";
import { checkStacks } from "./check_stacks.ts";
import { compileHost, type HostFacts } from "./compile_host.ts";
import { MAX_RESULTS, PolicyCompiler } from "./policy_compiler.ts";

function loadTree(files: Readonly<Record<string, string>>) {
  const checked = checkStacks(stackFiles(files));
  assert.deepEqual(checked.ok ? [] : checked.problems, []);
  assert.ok(checked.ok);
  return checked.tree;
}

/** 20 files of which one names its host. */
function ownNameTree() {
  const shared = Array.from(
    { length: 19 },
    (_, at) => `  - file: /s/${at}\n    content: "{{ traits.os.distro }}"\n`,
  );
  return loadTree({
    "envoys.vgo": 'match: "*"\nconfigcrates: [a]\n',
    "configcrates/a.vgo": `name: a\nresources:\n  - directory: /s\n${
      shared.join("")
    }  - file: /s/own\n    content: "{{ traits.agent_self.hostname }}"\n    notify: exec:reload\n  - exec: reload\n    command: /bin/true\n    when: changed\n`,
  });
}

const host = (hostname: string, distro = "debian"): HostFacts => ({
  hostname,
  traits: { os: { distro } },
});

Deno.test("of a host's policy only that is rendered which no other host has", () => {
  const compiler = new PolicyCompiler(ownNameTree());
  compiler.compile(host("a"));
  const first = compiler.rendered;
  compiler.compile(host("b"));
  assert.equal(compiler.rendered - first, 1);
  compiler.compile(host("b", "alpine"));
  assert.equal(compiler.rendered - first, 1 + 19);
  compiler.compile(host("c", "alpine"));
  compiler.compile(host("d"));
  assert.equal(compiler.rendered - first, 1 + 19 + 2);
});

Deno.test("hosts share the resources that are the same for both", () => {
  const compiler = new PolicyCompiler(ownNameTree());
  const [one, other] = ["a", "b"].map((name) => compiler.compile(host(name)));
  assert.ok(one?.ok && other?.ok);
  const own = other.resources.filter((resource) => !one.resources.includes(resource));
  assert.deepEqual(own.map(({ id, params, notify }) => [id, params.content, notify]), [
    ["file:/s/own", "b", ["exec:reload"]],
  ]);
  assert.notEqual(one.root, other.root);
});

Deno.test("what was not asked for longest is forgotten, and put together from parts when it is", () => {
  const compiler = new PolicyCompiler(ownNameTree());
  const first = compiler.compile(host("first"));
  for (let number = 0; number < MAX_RESULTS; number++) {
    compiler.compile(host(`h${number}`));
    if (number % 100 === 0) assert.equal(compiler.compile(host("first")), first);
  }
  assert.equal(compiler.compile(host("first")), first);
  for (let number = 0; number < MAX_RESULTS; number++) compiler.compile(host(`i${number}`));
  const rendered = compiler.rendered;
  const again = compiler.compile(host("first"));
  assert.notEqual(again, first);
  assert.equal(compiler.rendered, rendered);
  assert.ok(first.ok && again.ok);
  assert.deepEqual(again.resources, first.resources);
});

const TREE = {
  "envoys.vgo": `envoys:
  - {match: "web-*", configcrates: [a, b, c], vars: {x: "{{ traits.t }}", z: 1}}
  - {match: "db-*", configcrates: [a, c], vars: {x: 2}}
  - {match: "hub*", configcrates: [b], environment: lab}
  - {match: "pop*", configcrates: [b], vars: {z: 3}}
`,
  "configcrates/a.vgo": `name: a
vars: {x: 1, y: "{{ vars.x }}{{ traits.agent_self.hostname }}"}
resources:
  - directory: /x
  - file: /x/{{ traits.os }}
    content: "{% if traits.deep %}{{ vars.y }}{% else %}{{ vars.x }}{% endif %}"
    notify: "exec:go"
  - exec: go
    command: /bin/true
    when: changed
  - file: /list/{{ item }}
    foreach: "{{ traits.items }}"
    content: "{{ vars.y }}"
  - user: mara
    when: "traits.deep"
    home: "/home/{{ traits.os }}"
`,
  "configcrates/b.vgo": `name: b
vars: {z: 9}
when: "traits.os != 'none'"
resources:
  - file: /b
    content: "{{ vars.z }}{% if env %}{{ env }}{% endif %}{{ traits.missing }}"
  - package: "{{ traits.os }}-tools"
`,
  "configcrates/c.vgo": `name: c
depends_on: [a]
foreach: "{{ traits.items }}"
when: "item != 'q' && traits.agent_self.hostname != 'db-2'"
resources:
  - file: /c/{{ item }}
    content: "{{ vars.x }}"
    depends_on: "file:/list/{{ item }}"
`,
};

Deno.test("what was remembered of other hosts never shows in a policy", () => {
  const tree = loadTree(TREE);
  const facts = fc.record({
    hostname: fc.constantFrom("web-1", "web-2", "db-1", "db-2", "hub", "hub-2", "pop", "other"),
    traits: fc.record({
      os: fc.constantFrom("debian", "none", "x"),
      t: fc.nat(2),
      deep: fc.boolean(),
      items: fc.uniqueArray(fc.constantFrom("p", "q", "r"), { maxLength: 3 }),
    }, { requiredKeys: ["os", "items"] }),
  });
  fc.assert(
    fc.property(fc.array(facts, { minLength: 4, maxLength: 30 }), (hosts) => {
      const compiler = new PolicyCompiler(tree);
      for (const each of hosts) {
        const { reads, variables, ...compiled } = compiler.compile(each);
        const { reads: freshReads, variables: freshVariables, ...fresh } = compileHost(tree, each);
        assert.deepEqual(compiled, fresh);
        assert.deepEqual([...reads].sort(), [...freshReads].sort());
        assert.deepEqual(variables, freshVariables);
      }
    }),
    { numRuns: 100 },
  );
});
