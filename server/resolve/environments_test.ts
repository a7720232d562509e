import assert from "node:assert/strict";
import { idsOf, problemsOf, resourcesOf } from "./stack_fixture.ts";

const CRATE =
  'name: a\nvars: {port: 1}\nresources:\n  - file: /x\n    content: "{{ vars.port }} {{ env }}"\n';

function contentOf(texts: Readonly<Record<string, string>>): unknown {
  return resourcesOf({ "configcrates/a.vgo": CRATE, ...texts })
    .find(({ id }) => id === "file:/x")?.params.content;
}

Deno.test("an environment is stronger than an entry, and the nearest one is strongest", () => {
  const host = 'match: "*"\nenvironment: production\nconfigcrates: [a]\nvars: {port: 5}\n';
  const environment = (port: number) =>
    `environments:\n  production: {vars: {port: ${port}}}\n  staging: {vars: {port: 9}}\n`;
  assert.equal(contentOf({ "envoys.vgo": host }), "5 production");
  assert.equal(
    contentOf({ "envoys.vgo": host, "environments.vgo": environment(6) }),
    "6 production",
  );
  assert.equal(
    contentOf({
      "envoys.vgo": 'match: "db-*"\n',
      "eu/berlin/hosts.vgo": host,
      "environments.vgo": environment(6),
      "eu/environments.vgo": environment(7),
      "us/environments.vgo": environment(8),
    }),
    "7 production",
  );
});

Deno.test("an environment gives configcrates and takes them away, from every role and folder", () => {
  const crate = (name: string) => `name: ${name}\nresources:\n  - file: /${name}\n`;
  assert.deepEqual(
    idsOf({
      "configcrates/a.vgo": crate("a"),
      "configcrates/b.vgo": crate("b"),
      "configcrates/c.vgo": crate("c"),
      "configcrates/d.vgo": crate("d"),
      "roles.vgo": "roles: {web: {configcrates: [a, b]}}\n",
      "common.vgo": "configcrates: [c]\n",
      "environments.vgo":
        "environments:\n  staging:\n    configcrates: [d]\n    exclude_configcrates: [b, c]\n",
      "envoys.vgo": 'match: "*"\nenvironment: staging\nroles: [web]\n',
    }),
    ["file:/a", "file:/d"],
  );
});

Deno.test("an environment that nobody declares is a mistake where some are, and a label where none is", () => {
  const texts = {
    "configcrates/a.vgo": "name: a\n",
    "envoys.vgo": 'match: "*"\nenvironment: prodution\nconfigcrates: [a]\n',
  };
  assert.deepEqual(problemsOf(texts), []);
  assert.deepEqual(
    problemsOf({ ...texts, "environments.vgo": "environments: {production: {}, staging: {}}\n" }),
    ['envoys.vgo:2:14: unknown environment "prodution". Did you mean "production"?'],
  );
  assert.deepEqual(problemsOf({ ...texts, "environments.vgo": "environments: {x: {}}\n" }), [
    'envoys.vgo:2:14: unknown environment "prodution": expected one of x',
  ]);
});

Deno.test("mistakes in environments.vgo are reported at their places", () => {
  assert.deepEqual(
    problemsOf({
      "configcrates/a.vgo": "name: a\ndepends_on: [b]\n",
      "configcrates/b.vgo": "name: b\n",
      "envoys.vgo": 'match: "*"\nenvironment: p\nconfigcrates: [a]\n',
      "environments.vgo": `environments:
  p:
    var: {}
    configcrates: [aa, a]
    exclude_configcrates: [b, bb, a]
  "a b": {}
  q: [x]
`,
      "x/environments.vgo": "production: {}\n",
    }),
    [
      'environments.vgo:3:5: unknown key "var" in environment "p". Did you mean "vars"?',
      'environments.vgo:4:20: unknown configcrate "aa": no file below configcrates/ has this name',
      'environments.vgo:5:31: unknown configcrate "bb": no file below configcrates/ has this name',
      'environments.vgo:5:35: configcrate "a" is both given and excluded: remove one of the two',
      'environments.vgo:6:3: "a b" cannot be the name of an environment: expected up to 128 letters, digits, "_", "." and "-"',
      'environments.vgo:7:6: expected a map for environment "q", found a list',
      'x/environments.vgo:1:1: unknown key "production" in environments.vgo: expected one of environments',
    ],
  );
});

Deno.test("what another configcrate depends on cannot be taken away", () => {
  assert.deepEqual(
    problemsOf({
      "configcrates/a.vgo": "name: a\ndepends_on: [b]\n",
      "configcrates/b.vgo": "name: b\n",
      "envoys.vgo": 'match: "*"\nenvironment: p\nconfigcrates: [a, b]\n',
      "environments.vgo": "environments: {p: {exclude_configcrates: [b]}}\n",
    }),
    [
      'environments.vgo:1:43: configcrate "b" cannot be excluded: "a" depends on it (configcrates/a.vgo:2:14)',
    ],
  );
});

Deno.test("a host without an environment has the empty text in conditions, and no such name in templates", () => {
  assert.deepEqual(idsOf('resources:\n  - file: /x\n    when: env == ""\n'), ["file:/x"]);
  assert.deepEqual(problemsOf({ "configcrates/a.vgo": CRATE }), [
    'configcrates/a.vgo:5:34: undefined name "env"',
  ]);
});
