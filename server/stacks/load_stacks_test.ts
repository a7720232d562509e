import assert from "node:assert/strict";
import fc from "fast-check";
import { loadStacks } from "./load_stacks.ts";
import { formatProblem } from "./problem_list.ts";
import { stackFiles } from "./stack_fixture.ts";

function problemsOf(texts: Readonly<Record<string, string>>): string[] {
  return loadStacks(stackFiles(texts)).problems.map(formatProblem);
}

Deno.test("all mistakes of a tree are reported at once, sorted by place", () => {
  assert.deepEqual(
    problemsOf({
      "roles.vgo":
        "roles:\n  web: {includes: [base], configcrates: [site]}\n  base: {includes: [web]}\n",
      "envoys.vgo":
        'envoys:\n  - match: *.web\n  - match: "web-*"\n    roles: [wbe]\n    configcrates: [sites]\n    color: red\n',
      "hosts/db.vgo": 'match: "WEB-*"\nusercrates: [x]\n',
      "configcrates/a.vgo":
        "name: site\nresources:\n  - fiel: /x\n  - file: /y\n    ntoify: exec:z\n",
      "configcrates/b.vgo": "name: site\nwhen: true\ncolour: red\n",
      "environments.vgo": "a: 1\n",
      "tasks/x.vgo": "a: 1\n",
      "templates/x": "one\n  {{ vars.x | nope }}\n",
    }),
    [
      'configcrates/a.vgo:3:5: unknown resource type "fiel". Did you mean "file"?',
      'configcrates/a.vgo:5:5: unknown key "ntoify" in file. Did you mean "notify"?',
      'configcrates/b.vgo:1:7: duplicate configcrate "site": configcrates/a.vgo:1:7 has that name',
      'configcrates/b.vgo:3:1: unknown key "colour" in configcrate: expected one of name, vars, defaults, when, foreach, depends_on, resources',
      'environments.vgo:1:1: unknown key "a" in environments.vgo: expected one of environments',
      `envoys.vgo:2:12: "*.web" is read as a YAML alias, which stacks do not have: quote it as '*.web' if it is a pattern`,
      'envoys.vgo:4:13: unknown role "wbe". Did you mean "web"?',
      'envoys.vgo:5:20: unknown configcrate "sites". Did you mean "site"?',
      'envoys.vgo:6:5: unknown key "color" in match entry: expected one of match, environment, roles, configcrates, usercrates, vars',
      'hosts/db.vgo:1:8: duplicate pattern "WEB-*": the first match wins, and envoys.vgo:3:12 has it already',
      'hosts/db.vgo:2:14: unknown usercrate "x": no file below usercrates/ has this name',
      "roles.vgo:3:21: roles include each other: web → base (roles.vgo:2:20) → web (roles.vgo:3:21)",
      'tasks/x.vgo:1:1: task without a command: add "command:"',
      'tasks/x.vgo:1:1: task without a name: add "name:"',
      'tasks/x.vgo:1:1: unknown key "a" in task: expected one of name, description, params, command, timeout, nice, batch_size, max_failures, health_check_url',
      "templates/x:2:3: cannot render template: undefined filter: nope",
    ],
  );
});

Deno.test("mistakes in a resource are named with what was expected", () => {
  assert.deepEqual(
    problemsOf({
      "configcrates/a.vgo": [
        "name: a",
        "vars: {the-port: 1}",
        "defaults: {file: {path: /x, mdoe: '0600'}, fiel: {}}",
        "resources:",
        "  - type: file",
        "  - content: x",
        "    file: /x",
        "  - file: [/a, /b]",
        "  - file: /c",
        "    foreach: 1",
        "    when: traits.x = 1",
        "    depends_on: /c",
        "    content: secret:/db/../password",
        "  - user: secret:name",
        "  - file: /d",
        '    content: "{{ prot }} {{ item }}"',
        "  - text",
        "  - {}",
      ].join("\n"),
    }),
    [
      'configcrates/a.vgo:2:8: "the-port" cannot be a variable: expected letters, digits and "_", as in "listen_port"',
      'configcrates/a.vgo:3:19: unknown key "path" in the defaults of file: expected one of ensure, content, source, mode, owner, group, validate, backup',
      'configcrates/a.vgo:3:29: unknown key "mdoe" in the defaults of file. Did you mean "mode"?',
      'configcrates/a.vgo:3:44: unknown resource type "fiel" in "defaults". Did you mean "file"?',
      'configcrates/a.vgo:5:5: "type" is not a key of resources: write the type first, as in "file: /etc/motd"',
      'configcrates/a.vgo:6:5: "content" stands before the type: write "file: …" first',
      "configcrates/a.vgo:8:11: expected the name of the file as text, found a list",
      'configcrates/a.vgo:10:14: expected a list, a map or a template for "foreach", found number "1"',
      'configcrates/a.vgo:11:20: cannot read condition at "= 1": "==" compares',
      'configcrates/a.vgo:12:17: cannot read reference "/c": expected type and name, as in "file:/etc/motd"',
      `configcrates/a.vgo:13:21: "secret:/db/../password" is no secret: expected names joined by "/", like "db/password". For a text like this write "{{ 'secret:' }}…"`,
      "configcrates/a.vgo:14:11: the name of a user cannot be a secret: the server has to know it",
      'configcrates/a.vgo:16:18: undefined name "prot": expected vars.prot or traits.prot',
      'configcrates/a.vgo:16:29: undefined name "item": it exists where there is "foreach"',
      'configcrates/a.vgo:17:5: expected a map for a resource, found string "text"',
      'configcrates/a.vgo:18:5: empty resource: expected one like "file: /etc/motd"',
    ],
  );
});

Deno.test("a value that is wrong as YAML is reported once, and not as missing", () => {
  assert.deepEqual(
    problemsOf({
      "configcrates/a.vgo":
        "name: a\nresources:\n  - symlink: /x\n    target: {{ vars.x }}\n  - user: *x\n  - service: y\n    state: *z\n",
      "envoys.vgo": "match: *.web\n",
    }).map((problem) => problem.replace(/: .*/, "")),
    [
      "configcrates/a.vgo:4:13",
      "configcrates/a.vgo:5:11",
      "configcrates/a.vgo:7:12",
      "envoys.vgo:1:8",
    ],
  );
});

Deno.test("a name that may be in a file that cannot be read is not reported as missing", () => {
  assert.deepEqual(
    problemsOf({
      "configcrates/a.vgo": "name: a\n\tx: 1\n",
      "envoys.vgo": 'match: "*"\nconfigcrates: [a]\n',
    }),
    ["configcrates/a.vgo:2:1: tab used for indentation: use spaces"],
  );
});

Deno.test("configcrates that depend on each other are printed as the path that closes", () => {
  assert.deepEqual(
    problemsOf({
      "configcrates/a.vgo": "name: a\ndepends_on: [b]\n",
      "configcrates/b.vgo": "name: b\ndepends_on: [c]\n",
      "configcrates/c.vgo": "name: c\ndepends_on: b\n",
    }),
    [
      "configcrates/c.vgo:2:13: configcrates depend on each other: b → c (configcrates/b.vgo:2:14) → b (configcrates/c.vgo:2:13)",
    ],
  );
});

Deno.test("bytes that are not UTF-8 are refused", () => {
  const { problems } = loadStacks([{ path: "envoys.vgo", bytes: new Uint8Array([0xff, 0xfe]) }]);
  assert.deepEqual(problems.map(formatProblem), ["envoys.vgo:1:1: file is not UTF-8 text"]);
});

Deno.test("no structure makes the loader crash: only problems come out", () => {
  const key = fc.constantFrom(
    ..."name vars defaults depends_on resources roles includes configcrates match envoys file path content exec command service state user symlink target when notify subscribes before source ensure mode foreach environments usercrates exclude_configcrates environment production user constructor __proto__"
      .split(" "),
  );
  const text = fc.constantFrom(
    "web",
    "file:/x",
    "{{ vars.web }}",
    "{{ traits.a }}",
    "{% if",
    "changed",
    "vars.web == 1",
    "secret:a/b",
    "secret:..",
    "{{ item.x }}",
    "/x",
    "0644",
    "",
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      text,
      fc.constantFrom(1, true, null),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.array(fc.tuple(key, tie("value")), { maxLength: 5 }).map((entries) =>
        Object.fromEntries(entries)
      ),
    ),
  }));
  const path = fc.constantFrom(
    "configcrates/a.vgo",
    "configcrates/b/c.vgo",
    "roles.vgo",
    "envoys.vgo",
    "common.vgo",
    "x/common.vgo",
    "environments.vgo",
    "x/environments.vgo",
    "usercrates/a.vgo",
    "x/y.vgo",
    "templates/x",
  );
  fc.assert(
    fc.property(fc.dictionary(path, value), (files) => {
      const texts = Object.entries(files).map(([name, content]) => [name, JSON.stringify(content)]);
      const { problems } = loadStacks(stackFiles(Object.fromEntries(texts)));
      for (const { file, line, column } of problems) {
        assert.ok(file in files && line >= 1 && column >= 1);
      }
    }),
    { numRuns: 300 },
  );
});
