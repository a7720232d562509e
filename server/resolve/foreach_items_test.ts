import assert from "node:assert/strict";
import fc from "fast-check";
import { hostProblemsOf, idsOf, problemsOf, resourcesOf } from "./stack_fixture.ts";

Deno.test("a resource comes once for each member of a list or map", () => {
  const crate = `vars:
  users: [{name: mara, shell: /bin/zsh}, {name: jo, shell: /bin/sh}]
  sites: {blue: 80, green: 81}
resources:
  - directory: "/srv/{{ item }}"
    foreach: [a, b]
  - user: "{{ item.name }}"
    foreach: "{{ vars.users }}"
    shell: "{{ item.shell }}"
  - file: "/etc/{{ item.key }}"
    foreach: "{{ vars.sites }}"
    content: "{{ item.value }}"
    depends_on: "directory:/srv/{{ item.key | slice: 0 }}"
  - exec: "run {{ item.key }}"
    foreach: {x: 1, y: "{{ vars.sites.blue }}"}
    timeout: "{{ item.value }}"
  - file: "/r{{ item }}"
    foreach: "{{ (1..3) }}"
`.replace('    depends_on: "directory:/srv/{{ item.key | slice: 0 }}"\n', "");
  const resources = resourcesOf(crate);
  assert.deepEqual(resources.map(({ id }) => id), [
    "directory:/srv/a",
    "directory:/srv/b",
    "user:mara",
    "user:jo",
    "file:/etc/blue",
    "file:/etc/green",
    "exec:run x",
    "exec:run y",
    "file:/r1",
    "file:/r2",
    "file:/r3",
  ]);
  assert.equal(resources[2]?.params.shell, "/bin/zsh");
  assert.equal(resources[5]?.params.content, "81");
  assert.equal(resources[7]?.params.timeout, 80);
});

Deno.test("a crate comes once for each item, which its variables and defaults see, and its resources' own items hide", () => {
  const resources = resourcesOf(`foreach: [blue, green]
vars: {root: "/srv/{{ item }}"}
defaults: {file: {content: "{{ item }}"}}
when: item != "red"
resources:
  - directory: "{{ vars.root }}"
  - file: "{{ vars.root }}/{{ item }}"
    foreach: [x, y]
`);
  assert.deepEqual(resources.map(({ id, params }) => [id, params.content]), [
    ["directory:/srv/blue", undefined],
    ["file:/srv/blue/x", "x"],
    ["file:/srv/blue/y", "y"],
    ["directory:/srv/green", undefined],
    ["file:/srv/green/x", "x"],
    ["file:/srv/green/y", "y"],
  ]);
});

Deno.test("a condition decides for each item, and what refers to one left out is satisfied", () => {
  assert.deepEqual(
    idsOf(`resources:
  - file: "/{{ item }}"
    foreach: [a, b]
    when: item == "b"
    notify: exec:run
  - exec: run
    when: changed
    depends_on: [file:/a, file:/b]
`),
    ["file:/b", "exec:run"],
  );
});

Deno.test("a template file sees the item of the resource that it is the source of", () => {
  const [one, two] = resourcesOf({
    "configcrates/a.vgo":
      'name: a\nresources:\n  - file: "/{{ item }}"\n    foreach: [x, y]\n    source: templates/t\n',
    "templates/t": "this is {{ item }}",
  });
  assert.deepEqual([one, two].map((file) => file?.params.content), ["this is x", "this is y"]);
});

const WRONG: readonly [string, string, string][] = [
  [
    "a number",
    "foreach: 5",
    '4:14: expected a list, a map or a template for "foreach", found number "5"',
  ],
  [
    "text",
    "foreach: '{{ vars.name }}'",
    '4:14: "foreach" goes through a list or a map, and this is "x"',
  ],
  [
    "nothing",
    "foreach:",
    '4:13: expected a list, a map or a template for "foreach", found nothing',
  ],
  [
    "a variable that is not there",
    "foreach: '{{ vars.nmae }}'",
    '4:18: undefined name "vars.nmae". Did you mean "vars.name"?',
  ],
  [
    "a secret",
    "foreach: secret:x",
    '4:14: "foreach" cannot be a secret: the server has to know it',
  ],
  [
    "a list that is a secret",
    "foreach: '{{ vars.hidden }}'",
    '4:14: no place for a secret: the server would have to know "secret:x"',
  ],
  [
    "members that are secrets",
    "foreach: [a, secret:x]",
    '4:14: no place for a secret: the server would have to know "secret:x"',
  ],
  [
    "too many members",
    "foreach: '{{ (1..5001) }}'",
    '4:14: "foreach" over 5001 members: the limit is 5000',
  ],
];

for (const [what, foreach, problem] of WRONG) {
  Deno.test(`a foreach over ${what} is refused at its place`, () => {
    assert.deepEqual(
      problemsOf({
        "configcrates/a.vgo":
          `vars: {name: x, hidden: secret:x}\nresources:\n  - file: "/{{ item }}"\n    ${foreach}\nname: a\n`,
      }),
      [`configcrates/a.vgo:${problem}`],
    );
  });
}

Deno.test("a mistake that only some items make names them", () => {
  const crate = (content: string) =>
    `resources:
  - file: "/{{ item.name }}"
    foreach: [{name: a, port: 1}, {name: b}, {name: c}, {name: d}, {name: e}, {name: f}]
    content: "${content}"
`;
  assert.deepEqual(problemsOf(crate("{{ item.port }}")), [
    'configcrates/a.vgo:5:18: undefined name "item.port" (for item 2, item 3, item 4 and 2 more)',
  ]);
  assert.deepEqual(problemsOf(crate("{{ item.prot }}")), [
    'configcrates/a.vgo:5:18: undefined name "item.prot" (for item 2, item 3, item 4 and 2 more)',
    'configcrates/a.vgo:5:18: undefined name "item.prot". Did you mean "item.port"? (for item 1)',
  ]);
  assert.deepEqual(
    problemsOf('resources:\n  - file: /x\n    foreach: [a, b, c]\n    content: "{{ item }}"\n'),
    [
      'configcrates/a.vgo:3:5: duplicate resource "file:/x": configcrates/a.vgo:3:5 has it',
    ],
  );
});

Deno.test("what traits give is gone through on a host, and not judged before there is one", () => {
  const crate = `resources:
  - exec: "up {{ item }}"
    foreach: "{{ traits.network.interfaces }}"
  - exec: after
    depends_on: exec:up eth0
`;
  assert.deepEqual(problemsOf(crate), []);
  const host = { hostname: "x", traits: { network: { interfaces: ["eth0", "eth1"] } } };
  assert.deepEqual(idsOf(crate, host), ["exec:up eth0", "exec:up eth1", "exec:after"]);
  assert.deepEqual(hostProblemsOf(crate, { hostname: "x", traits: { network: {} } }), [
    'configcrates/a.vgo:4:18: the server has to know this: undefined name "traits.network.interfaces"',
  ]);
});

Deno.test("whatever is gone through, checking does not crash", () => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom("{{ vars.x }}", "secret:a"),
  );
  fc.assert(
    fc.property(value, value, (foreach, variable) => {
      const crate = {
        name: "a",
        vars: { x: variable },
        foreach: "{{ vars.x }}",
        resources: [{ file: "/{{ item }}", content: "{{ item | json }}", foreach }],
      };
      for (const line of problemsOf({ "configcrates/a.vgo": JSON.stringify(crate) })) {
        assert.match(line, /^configcrates\/a.vgo:\d+:\d+: /);
      }
    }),
    { numRuns: 200 },
  );
});
