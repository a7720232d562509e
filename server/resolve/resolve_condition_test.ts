import assert from "node:assert/strict";
import { bundleResourceSchema } from "../../shared/config/policy_bundle.ts";
import { hostProblemsOf, idsOf, problemsOf, resourcesOf, WEB_1 } from "./stack_fixture.ts";

Deno.test("a resource whose condition is false is left out, and what refers to it is satisfied", () => {
  const crate = `vars: {port: 80}
resources:
  - file: /debian
    when: os_family("debian")
  - file: /redhat
    when: os_family("redhat")
    content: "{{ traits.os.nothing }}"
  - file: "/{{ traits.os.nothing }}"
    when: vars.port != 80
  - exec: run
    when: changed
    subscribes: [file:/debian, file:/redhat]
    depends_on: file:/anything
`;
  assert.deepEqual(idsOf(crate), ["file:/debian", "exec:run"]);
  assert.deepEqual(
    problemsOf(
      crate.replace("[file:/debian,", "[file:/debain,").replace(
        'traits.os.nothing }}"\n    when: vars',
        'vars.port }}"\n    when: vars',
      ).replace("    depends_on: file:/anything\n", ""),
    ),
    ['configcrates/a.vgo:13:18: unknown resource "file:/debain". Did you mean "file:/debian"?'],
  );
});

Deno.test("what the server cannot decide travels with the variables that it names", () => {
  const [a, b, c, d] = resourcesOf({
    "configcrates/a.vgo": `name: a
vars: {port: 80, web: {port: 81, name: x}, other: secret}
resources:
  - file: /a
    when: '!port_listening(vars.web.port) && env == "production"'
  - exec: b
    when: changed
  - exec: c
    when: changed && has_trait("cloud.provider")
  - file: /d
    when: has_trait("os.major")
`,
    "envoys.vgo": 'match: "*"\nenvironment: production\nconfigcrates: [a]\n',
  });
  assert.deepEqual(a?.when, {
    expression: '!port_listening(vars.web.port) && env == "production"',
    scope: { vars: { web: { port: 81 } }, env: "production" },
  });
  assert.equal(b?.when, "changed");
  assert.deepEqual(c?.when, {
    expression: 'changed && has_trait("cloud.provider")',
    scope: { vars: {} },
  });
  assert.equal(d?.when, undefined);
  for (const resource of [a, b, c, d]) bundleResourceSchema.parse(resource);
});

Deno.test("a condition of a crate decides on all of it, or travels with each of its resources", () => {
  const crate = (when: string) =>
    `when: ${when}
vars: {port: 80}
resources:
  - file: /a
  - file: /b
    when: port_listening(vars.port) // now
  - exec: c
    when: changed
`;
  assert.deepEqual(idsOf(crate('os_family("redhat")')), []);
  assert.deepEqual(idsOf(crate("false")), []);
  assert.deepEqual(resourcesOf(crate("true")).map(({ when }) => when), [
    undefined,
    { expression: "port_listening(vars.port) // now", scope: { vars: { port: 80 } } },
    "changed",
  ]);
  assert.deepEqual(resourcesOf(crate("port_listening(1)")).map(({ when }) => when), [
    { expression: "port_listening(1)", scope: { vars: {} } },
    {
      expression: "(port_listening(1)) && (port_listening(vars.port) // now\n)",
      scope: { vars: { port: 80 } },
    },
    { expression: "(port_listening(1)) && (changed)", scope: { vars: {} } },
  ]);
});

Deno.test("two items of one condition keep apart", () => {
  const [first] = resourcesOf(`foreach: [80]
when: port_listening(item)
resources:
  - file: /a
    foreach: [1]
    when: port_listening(item) && [1].all(x, x == item)
`);
  assert.deepEqual(first?.when, {
    expression:
      "(port_listening(vars.crate_item)) && (port_listening(item) && [1].all(x, x == item))",
    scope: { vars: { crate_item: 80 }, item: 1 },
  });
});

Deno.test("a service that restarts on what it subscribes to does so only if its condition holds", () => {
  const [, service] = resourcesOf(`resources:
  - file: /a
  - service: web
    state: restarted
    subscribes: file:/a
    when: port_listening(80)
`);
  assert.deepEqual(service?.when, {
    expression: "(port_listening(80)) && (changed)",
    scope: { vars: {} },
  });
  assert.deepEqual(
    problemsOf(
      "resources:\n  - service: web\n    state: restarted\n    when: port_listening(80)\n",
    ),
    [
      'configcrates/a.vgo:4:12: service:web would be restarted on every run: add "when: changed" or "subscribes"',
    ],
  );
  assert.deepEqual(
    problemsOf(
      "resources:\n  - service: web\n    state: restarted\n    when: changed && vars.x\nvars: {x: true}\n",
    ),
    [],
  );
});

Deno.test("resources that exclude each other may share an id, and a host may not get two", () => {
  const crate = (second: string) =>
    `resources:
  - file: /a
    when: os_family("debian")
  - file: /a
    when: ${second}
`;
  assert.deepEqual(idsOf(crate('os_family("redhat")')), ["file:/a"]);
  assert.deepEqual(hostProblemsOf(crate("traits.os.major == 12")), [
    'configcrates/a.vgo:5:5: duplicate resource "file:/a": configcrates/a.vgo:3:5 has it',
  ]);
});

const WRONG: readonly [string, string][] = [
  ["vars.prot == 1", '4:11: undefined name "vars.prot". Did you mean "vars.port"?'],
  ["true || vars.prot == 1", '4:19: undefined name "vars.prot". Did you mean "vars.port"?'],
  ["vars.port", "4:11: condition is 80: expected true or false"],
  ["vars.port == 1 &&", '4:26: cannot read condition at "&&": expected a complete CEL expression'],
  [
    '"{{ vars.port }}"',
    '4:11: a condition names things as they are: write vars.port, not "{{ vars.port }}"',
  ],
  ["[1]", '4:11: expected a condition for "when", found a list'],
  ["1", '4:11: expected a condition for "when", found number "1"'],
  ["", '4:11: expected a condition for "when", found nothing'],
  ["item == 1", '4:11: undefined name "item": it exists where there is "foreach"'],
  [
    'vars.password == "x"',
    '4:11: no place for a secret: the server would have to know "secret:db/password"',
  ],
  ["vars.loop", "1:45: variables refer to each other: vars.loop → vars.loop"],
];

for (const [when, problem] of WRONG) {
  Deno.test(`the condition ${when || "that is empty"} is refused at its place`, () => {
    const texts = {
      "configcrates/a.vgo": `vars: {port: 80, password: secret:db/password, loop: "{{ vars.loop }}"}
resources:
  - file: /x
    when: ${when}
name: a
`,
    };
    assert.deepEqual(problemsOf(texts).map((line) => line.replace("configcrates/a.vgo:", "")), [
      problem.replace("1:45:", "1:54:"),
    ]);
  });
}

Deno.test("a variable that may be missing can be asked for", () => {
  assert.deepEqual(idsOf("resources:\n  - file: /x\n    when: '!has(vars.nothing)'\n"), [
    "file:/x",
  ]);
});

Deno.test("a condition over a variable that only the machine knows is a problem of the host", () => {
  const crate =
    'vars: {zone: "{{ traits.cloud.zone }}"}\nresources:\n  - file: /x\n    when: vars.zone == "a"\n';
  assert.deepEqual(hostProblemsOf(crate), [
    'configcrates/a.vgo:2:18: the server has to know this: undefined name "traits.cloud". Did you mean "traits.os"?',
  ]);
  const traits = { ...WEB_1.traits, cloud: { zone: "a" } };
  assert.deepEqual(idsOf(crate, { ...WEB_1, traits }), ["file:/x"]);
});
