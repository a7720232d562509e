import assert from "node:assert/strict";
import fc from "fast-check";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import {
  type BundleResource,
  bundleResourceSchema,
  secretPathsOf,
} from "../../shared/config/policy_bundle.ts";
import { RESOURCE_SCHEMAS } from "../../shared/config/resource_schemas.ts";
import { fillDeferred } from "../../shared/templates/fill_deferred.ts";
import { parseTemplated } from "../../shared/templates/parse_templated.ts";
import { createTemplateEngine } from "../../shared/templates/template_engine.ts";
import { hostProblemsOf, problemsOf, resourcesOf, WEB_1 } from "./stack_fixture.ts";

const ENGINE = createTemplateEngine();

/** What the machine makes of a resource. Secrets read as their path in brackets. */
function fillOn(resource: BundleResource | undefined, traits: object = {}): unknown {
  const { params, deferred, type } = bundleResourceSchema.parse(resource);
  const machine = { traits, secret: (path: string) => `<${path}>` };
  const filled = fillDeferred(params as Record<string, Json>, deferred ?? [], machine, ENGINE);
  const schema = RESOURCE_SCHEMAS[type];
  assert.ok(schema);
  const parsed = parseTemplated(schema, filled);
  assert.ok(parsed.success, String(parsed.error));
  return parsed.data;
}

function memberOf(value: unknown, key: string): unknown {
  assert.ok(typeof value === "object" && value !== null);
  return Reflect.get(value, key);
}

Deno.test("a secret travels as its place and path, also inside maps and lists", () => {
  const [file, exec] = resourcesOf(`resources:
  - file: /a
    content: secret:web/key
  - exec: run
    command: ["run", secret:web/token]
    environment: {A: "1", PASSWORD: secret:db/password}
`);
  assert.deepEqual(file?.deferred, [
    { at: "/content", value: { kind: "secret", path: "web/key" } },
  ]);
  assert.equal(file?.params.content, undefined);
  assert.deepEqual(exec?.params.command, ["run", null]);
  assert.deepEqual({ ...exec?.params.environment as object }, { A: "1" });
  assert.deepEqual(secretPathsOf([file, exec].filter((each) => each !== undefined)), [
    "db/password",
    "web/key",
    "web/token",
  ]);
  assert.deepEqual(memberOf(fillOn(exec), "command"), ["run", "<web/token>"]);
  assert.deepEqual(memberOf(fillOn(exec), "environment"), { A: "1", PASSWORD: "<db/password>" });
});

Deno.test("a template over a secret travels with what it names and no other secret", () => {
  const [file] = resourcesOf(`vars:
  db: {host: db-1, password: secret:db/password, root: secret:db/root}
  url: "postgres://app:{{ vars.db.password }}@{{ vars.db.host }}/{{ vars.name }}"
  name: app
  other: {password: secret:other}
resources:
  - file: /a
    content: "{{ vars.url }} on {{ traits.os.distro }}"
`);
  assert.deepEqual(file?.deferred, [{
    at: "/content",
    value: {
      kind: "template",
      text: "{{ vars.url }} on {{ traits.os.distro }}",
      scope: {
        vars: { db: { host: "db-1", password: null }, name: "app", url: null },
      },
      secrets: [{ at: "/vars/db/password", path: "db/password" }],
      templates: [{
        at: "/vars/url",
        text: "postgres://app:{{ vars.db.password }}@{{ vars.db.host }}/{{ vars.name }}",
      }],
    },
  }]);
  assert.equal(
    memberOf(fillOn(file, { os: { distro: "alpine" } }), "content"),
    "postgres://app:<db/password>@db-1/app on alpine",
  );
});

Deno.test("what is beside a secret in a variable is rendered on the server", () => {
  const [file] = resourcesOf(`vars: {db: {host: db-1, ports: [1, 2], password: secret:x}}
resources:
  - file: /a
    content: "{{ vars.db.host }} {{ vars.db.ports | join: ',' }}"
`);
  assert.deepEqual(file?.deferred, undefined);
  assert.equal(file?.params.content, "db-1 1,2");
});

Deno.test("a foreach goes through a list that holds secrets without reading them", () => {
  const [mara, jo] = resourcesOf(`vars:
  users: [{name: mara, password: secret:users/mara}, {name: jo, password: secret:users/jo}]
resources:
  - user: "{{ item.name }}"
    foreach: "{{ vars.users }}"
    password: "{{ item.password }}"
`);
  assert.deepEqual([mara?.id, jo?.id], ["user:mara", "user:jo"]);
  assert.deepEqual(mara?.deferred, [{
    at: "/password",
    value: {
      kind: "template",
      text: "{{ item.password }}",
      scope: { vars: {}, item: { password: null } },
      secrets: [{ at: "/item/password", path: "users/mara" }],
    },
  }]);
  assert.equal(memberOf(fillOn(jo), "password"), "<users/jo>");
});

Deno.test("a template whose trait the server does not know is rendered on the machine", () => {
  const resources = resourcesOf({
    "configcrates/a.vgo": `name: a
vars: {suite: "{{ traits.os.codename }}", limit: 7}
resources:
  - file: /a
    content: "{{ vars.suite }} {{ env }}"
    mode: "{{ traits.files.mode }}"
    owner: root
  - file: /b
    source: templates/b
  - exec: c
    timeout: "{{ traits.os.limit }}"
  - file: /d
    content: "{{ vars.limit }}"
    owner: "{{ traits.nobody.name }}"
  - file: /e
    content: "{% for cpu in traits.hardware.cpus %}{{ cpu.model }}{% endfor %}{% assign os = traits.os %}{{ os.codename }}"
`,
    "templates/b": "{{ traits.os.limit }}",
    "envoys.vgo": 'match: "*"\nconfigcrates: [a]\nenvironment: p\n',
  }, {
    ...WEB_1,
    traits: { ...WEB_1.traits, hardware: { cpus: [{ vendor: "x" }] } },
  });
  const [a, b, c, d, e] = resources.map((resource) =>
    fillOn(resource, {
      os: { codename: "bookworm", limit: 9 },
      files: { mode: "0600" },
      hardware: { cpus: [{ model: "m1" }] },
      nobody: { name: "nobody" },
    })
  );
  assert.deepEqual(
    [memberOf(a, "content"), memberOf(a, "mode"), memberOf(a, "owner")],
    ["bookworm p", "0600", "root"],
  );
  assert.equal(memberOf(b, "content"), "9");
  assert.equal(memberOf(c, "timeout"), 9);
  assert.equal(memberOf(d, "content"), "7");
  assert.equal(memberOf(e, "content"), "m1bookworm");
});

Deno.test("a misspelt variable is a mistake though a trait is missing beside it", () => {
  const crate = (content: string) =>
    `vars: {users: [{name: x}]}\nresources:\n  - file: /a\n    content: "${content}"\n`;
  assert.deepEqual(
    hostProblemsOf(
      crate(
        "{{ traits.os.nothing | default: 1 }}{% for user in vars.users %}{{ user.nmae }}{% endfor %}",
      ).replace("user.nmae", "user.name"),
    ),
    [],
  );
  assert.deepEqual(
    problemsOf(crate("{% for user in vars.users %}{{ user.nmae }}{{ traits.os.x }}{% endfor %}")),
    ['configcrates/a.vgo:5:46: undefined name "user.nmae"'],
  );
});

Deno.test("what the server has to know cannot be a secret, nor need one", () => {
  assert.deepEqual(
    problemsOf({
      "configcrates/a.vgo": `vars: {x: secret:a/b}
resources:
  - file: /a
    path: secret:a/b
  - file: "/{{ vars.x }}"
  - service: web
    state: "{{ vars.x }}"
  - package: x
    name: [a, secret:a/b]
  - exec: y
    depends_on: "file:/{{ vars.x }}"
  - exec: z
    depends_on: secret:a/b
  - file: /b
    source: secret:a/b
name: a
`,
    }),
    [
      'configcrates/a.vgo:4:11: no place for a secret: the server would have to know "secret:a/b"',
      'configcrates/a.vgo:5:11: no place for a secret: the server would have to know "secret:a/b"',
      'configcrates/a.vgo:7:12: no place for a secret: the server would have to know "secret:a/b"',
      'configcrates/a.vgo:9:11: no place for a secret: the server would have to know "secret:a/b"',
      'configcrates/a.vgo:11:17: no place for a secret: the server would have to know "secret:a/b"',
      "configcrates/a.vgo:13:17: a reference cannot be a secret: the server has to know it",
      'configcrates/a.vgo:15:13: no place for a secret: the server would have to know "secret:a/b"',
    ],
  );
});

for (
  const path of [
    "",
    "/a",
    "a/",
    "../a",
    "a//b",
    "a b",
    "{{ vars.x }}",
    "a/..",
    "x".repeat(256),
  ]
) {
  Deno.test(`secret:${path.slice(0, 20)} is refused as the name of a secret`, () => {
    const [problem = "", ...others] = problemsOf(
      `resources:\n  - file: /a\n    content: "secret:${path}"\n`,
    );
    assert.match(problem, /^configcrates\/a.vgo:4:\d+: "secret:.*(is no secret)|…" is no secret/);
    assert.deepEqual(others, []);
  });
}

Deno.test("only what is written as a secret is one: no trait, variable, item or template can become one", () => {
  const hostile = fc.oneof(
    fc.constantFrom(
      "secret:db/password",
      "«secret»",
      '{"kind":"secret","path":"db/password"}',
      "{{ vars.real }}",
      "{{ 'secret:db/password' }}",
    ),
    fc.string(),
  );
  fc.assert(fc.property(hostile, (text) => {
    const traits = { os: { distro: text, list: [text, { kind: "secret", path: text }] } };
    const resources = resourcesOf({
      "configcrates/a.vgo": `name: a
vars: {copy: "{{ traits.os.distro }}", real: x}
resources:
  - file: /a
    content: "{{ vars.copy }}"
  - exec: b
    command: "{{ traits.os.list.first }} "
  - exec: "c {{ forloop }}"
    environment: {X: "{{ item }}"}
    foreach: ["{{ traits.os.distro }}"]
`.replace("c {{ forloop }}", "c"),
    }, { hostname: "x", traits });
    assert.deepEqual(secretPathsOf(resources), []);
    assert.ok(resources.every(({ deferred }) => deferred === undefined));
    assert.equal(resources[0]?.params.content, text.toWellFormed());
  }));
});

Deno.test("the machine makes of a template what the server would have made of it", () => {
  const piece = fc.constantFrom(
    "{{ vars.port }}",
    "{{ vars.root }}",
    "{{ vars.deep.list | join: ',' }}",
    "{{ vars.deep.map.size }}",
    "{{ vars.deep | json }}",
    "{% for x in vars.deep.list %}{{ x }}{% endfor %}",
    "{{ item.name }}",
    "{{ item.value.port | plus: 1 }}",
    "{{ env }}",
    "{{ traits.os.codename }}",
    "{{ traits.late.list | json }}",
    "{% for x in traits.late.list %}{{ x.name }}{% endfor %}",
    "{% assign late = traits.late %}{{ late.number }}",
    "{% raw %}{{ vars }}{% endraw %}",
    " ",
    "text\n",
  );
  const late = { list: [{ name: "a" }, { name: "b" }], number: 3 };
  const early = { os: { codename: "bookworm" } };
  fc.assert(fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), (pieces) => {
    const crate = {
      name: "a",
      vars: {
        port: 80,
        root: "/srv/{{ traits.late.number }}",
        deep: { map: { b: 2, a: 1 }, list: [1, "{{ vars.port }}"] },
      },
      resources: [{
        exec: "run",
        environment: { X: pieces.join("") },
        foreach: [{ name: "x", value: { port: 7 } }],
      }],
    };
    const texts = {
      "envoys.vgo": 'match: "*"\nconfigcrates: [a]\nenvironment: p\n',
      "configcrates/a.vgo": JSON.stringify(crate),
    };
    const [known] = resourcesOf(texts, { hostname: "x", traits: { ...early, late } });
    const [left] = resourcesOf(texts, { hostname: "x", traits: early });
    assert.equal(known?.deferred, undefined);
    assert.deepEqual(fillOn(left, { ...early, late }), fillOn(known));
  }));
});

Deno.test("hostile items travel in a form that bundles take", () => {
  let deep: Json = "end";
  for (let depth = 0; depth < 500; depth++) deep = depth % 2 ? [deep] : { "\ud800": deep };
  const [file] = resourcesOf(
    `vars: {password: secret:x}
resources:
  - file: /a
    foreach: "{{ traits.list }}"
    content: "{{ vars.password }}{{ item.text }}{{ item | json }}"
    when: item != 1 && port_listening(80)
`,
    { hostname: "x", traits: { list: [{ text: "\ud800", deep }] } },
  );
  assert.match(String(memberOf(fillOn(file), "content")), /^<x>\ufffd/);
});
