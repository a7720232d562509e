import assert from "node:assert/strict";
import { parse } from "yaml";
import { z } from "zod";
import { loadStacks } from "./load_stacks.ts";
import { formatProblem } from "./problem_list.ts";
import { RESOURCE_CATALOG } from "./resource_catalog.ts";
import { stackFiles } from "./stack_fixture.ts";
import { VGO_FILE_KINDS, vgoJsonSchema } from "./vgo_json_schema.ts";

const SCHEMA = vgoJsonSchema(RESOURCE_CATALOG);

const validators = new Map(
  VGO_FILE_KINDS.map(({ definition }) => {
    const { $defs = {} } = SCHEMA;
    // JSON, which the library's own type of a schema cannot say of itself.
    const schema = { $defs, $ref: `#/$defs/${definition}` } as Parameters<
      typeof z.fromJSONSchema
    >[0];
    return [definition, z.fromJSONSchema(schema)];
  }),
);

/** Files that the loader takes, by kind. */
const GOOD: readonly (readonly [kind: string, path: string, text: string])[] = [
  ["configcrate", "configcrates/a.vgo", "name: a\n"],
  [
    "configcrate",
    "configcrates/a.vgo",
    `name: a.b-c
vars: {a: 1, b: {c: [true, null]}, d: secret:x/y, e: "{{ traits.x }}"}
defaults: {file: {mode: "0600", owner: "{{ vars.a }}"}, exec: {timeout: 5}}
when: os_family("debian") && vars.a == 1
foreach: [1, {a: 2}]
depends_on: base
resources:
  - file: /x
    mode: "{{ item }}"
    content: secret:web/key
    depends_on: file:/y
    when: changed
  - file: /y
    ensure: absent
  - exec: run
    command: [a, secret:b]
    environment: {A: "{{ vars.a }}", B: secret:c/d}
    returns: [0, "{{ vars.a }}"]
    timeout: "{{ vars.a }}"
    foreach: "{{ vars.b.c }}"
    notify: [file:/x, "exec:{{ item }}"]
  - service: web
    enabled: true
    when: true
  - package: x
    name: [a, b]
`,
  ],
  [
    "usercrate",
    "usercrates/a.vgo",
    "name: mara\nresources:\n  - user: mara\n    puddle: true\n    password: secret:x\n",
  ],
  ["task", "tasks/a.vgo", "name: a\ncommand: uptime\n"],
  [
    "task",
    "tasks/app/a.vgo",
    `name: restart-app
description: Restarts the application
params:
  - {name: env, description: where, pattern: staging|production}
  - {name: count, type: integer, default: -3}
  - {name: force, type: boolean, required: false}
command: restart {{ params.env }} {{ params.count }} {{ params.force }}
timeout: 1h30m
nice: 5
batch_size: 1,5,25%
max_failures: 0
health_check_url: "http://lb.example.com/health"
`,
  ],
  ["roles", "roles.vgo", "roles: {a: {includes: [b], configcrates: [base]}, b: {}}\n"],
  ["common", "eu/common.vgo", "vars: {x: 1}\nroles: []\nusercrates: []\n"],
  [
    "environments",
    "environments.vgo",
    "environments: {p: {vars: {x: 1}, exclude_configcrates: []}}\n",
  ],
  ["hosts", "envoys.vgo", 'match: "*"\nenvironment: p\nvars: {x: "{{ traits.y }}"}\n'],
  ["hosts", "eu/x.vgo", 'envoys:\n  - match: "a"\n  - {match: "b", configcrates: []}\n'],
];

/** Files that are wrong by themselves. */
const BAD: readonly (readonly [kind: string, path: string, text: string])[] = [
  ["configcrate", "configcrates/a.vgo", "vars: {}\n"],
  ["configcrate", "configcrates/a.vgo", "name: a b\n"],
  ["configcrate", "configcrates/a.vgo", "name: a\nresources: {}\n"],
  ["configcrate", "configcrates/a.vgo", "name: a\nresource: []\n"],
  ["configcrate", "configcrates/a.vgo", "name: a\nvars: {a-b: 1}\n"],
  ["configcrate", "configcrates/a.vgo", "name: a\ndefaults: {file: {path: /x}}\n"],
  ["configcrate", "configcrates/a.vgo", "name: a\ndefaults: {fiel: {}}\n"],
  ["configcrate", "configcrates/a.vgo", "name: a\nforeach: 5\n"],
  ["configcrate", "configcrates/a.vgo", "name: a\nforeach: abc\n"],
  ["configcrate", "configcrates/a.vgo", "name: a\nwhen: [1]\n"],
  ["configcrate", "configcrates/a.vgo", "name: a\nresources: [{fiel: /x}]\n"],
  ["configcrate", "configcrates/a.vgo", "name: a\nresources: [{file: [/x]}]\n"],
  ["configcrate", "configcrates/a.vgo", "name: a\nresources: [{file: /x, mdoe: '1'}]\n"],
  ["configcrate", "configcrates/a.vgo", "name: a\nresources: [{file: /x, notify: y}]\n"],
  ["usercrate", "usercrates/a.vgo", "name: a\nresources: [{file: /x}]\n"],
  ["usercrate", "usercrates/a.vgo", "name: a\ndepends_on: [b]\n"],
  ["task", "tasks/a.vgo", "name: a\n"],
  ["task", "tasks/a.vgo", "name: a\ncommand: [uptime]\n"],
  ["task", "tasks/a.vgo", "name: a\ncommand: x\ntimeot: 1\n"],
  ["task", "tasks/a.vgo", "name: a\ncommand: x\ntimeout: 0\n"],
  ["task", "tasks/a.vgo", "name: a\ncommand: x\ntimeout: soon\n"],
  ["task", "tasks/a.vgo", "name: a\ncommand: x\nnice: 20\n"],
  ["task", "tasks/a.vgo", "name: a\ncommand: x\nbatch_size: 0\n"],
  ["task", "tasks/a.vgo", "name: a\ncommand: x\nbatch_size: some\n"],
  ["task", "tasks/a.vgo", "name: a\ncommand: x\nmax_failures: 1,2\n"],
  ["task", "tasks/a.vgo", "name: a\ncommand: x\nhealth_check_url: ftp://x\n"],
  ["task", "tasks/a.vgo", "name: a\ncommand: x\nparams: {a: 1}\n"],
  ["task", "tasks/a.vgo", "name: a\ncommand: x {{ params.a-b }}\nparams: [{name: a-b}]\n"],
  ["task", "tasks/a.vgo", "name: a\ncommand: x {{ params.a }}\nparams: [{name: a, type: text}]\n"],
  ["roles", "roles.vgo", "web: {}\n"],
  ["roles", "roles.vgo", "roles: {a: {crates: []}}\n"],
  ["common", "common.vgo", "environment: p\n"],
  ["environments", "environments.vgo", "environments: {p: {roles: []}}\n"],
  ["environments", "environments.vgo", "environments: {'a b': {}}\n"],
  ["hosts", "envoys.vgo", "environment: p\n"],
  ["hosts", "envoys.vgo", 'match: "*"\nrole: x\n'],
  ["hosts", "envoys.vgo", "envoys: {match: x}\n"],
];

for (const [kind, path, text] of GOOD) {
  Deno.test(`the schema of ${kind} takes what the loader takes: ${JSON.stringify(text.slice(0, 60))}`, () => {
    const { problems } = loadStacks(
      stackFiles({ "configcrates/base.vgo": "name: base\n", [path]: text }),
    );
    assert.deepEqual(
      problems.map(formatProblem),
      [],
    );
    const parsed = validators.get(kind)?.safeParse(parse(text));
    assert.ok(parsed?.success, JSON.stringify(parsed?.error?.issues));
  });
}

for (const [kind, path, text] of BAD) {
  Deno.test(`the schema of ${kind} refuses what the loader refuses: ${JSON.stringify(text)}`, () => {
    assert.notDeepEqual(loadStacks(stackFiles({ [path]: text })).problems, []);
    assert.equal(validators.get(kind)?.safeParse(parse(text)).success, false);
  });
}

Deno.test("every type of resource is in the schema with every parameter", () => {
  for (const [type, parameters] of Object.entries(RESOURCE_CATALOG.parameterNames)) {
    const { $defs } = SCHEMA;
    const written = JSON.stringify(Reflect.get(Object($defs), `${type}_resource`));
    for (const parameter of parameters) assert.ok(written.includes(`"${parameter}":`), parameter);
  }
});
