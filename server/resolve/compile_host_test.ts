import assert from "node:assert/strict";
import { formatProblem } from "../stacks/problem_list.ts";
import { stackFiles } from "../stacks/stack_fixture.ts";
import { checkStacks } from "./check_stacks.ts";
import { compileHost, type HostFacts } from "./compile_host.ts";

const HOST: HostFacts = { hostname: "web-1", traits: { os: { distro: "debian", major: 12 } } };

function compile(texts: Readonly<Record<string, string>>, host: HostFacts = HOST) {
  const checked = checkStacks(stackFiles(texts));
  assert.deepEqual(checked.ok ? [] : checked.problems.map(formatProblem), []);
  assert.ok(checked.ok);
  return compileHost(checked.tree, host);
}

function resourcesOf(texts: Readonly<Record<string, string>>, host: HostFacts = HOST) {
  const compiled = compile(texts, host);
  assert.deepEqual(compiled.ok ? [] : compiled.problems.map(formatProblem), []);
  assert.ok(compiled.ok);
  return compiled.resources;
}

/** A crate with one file for one host: the shortest way to see a value. */
function contentOf(crate: string, more: Readonly<Record<string, string>> = {}, host = HOST) {
  const envoys = { "envoys.vgo": 'match: "*"\nconfigcrates: [a]\n' };
  const [first] = resourcesOf({ ...envoys, ...more, "configcrates/a.vgo": crate }, host);
  return first?.params.content;
}

const PORT_CRATE =
  'name: a\nvars: {port: 1}\nresources:\n  - file: /x\n    content: "{{ vars.port }}"\n';

Deno.test("a configcrate's own variables hold when nobody says otherwise", () => {
  assert.equal(contentOf(PORT_CRATE), "1");
});

Deno.test("common.vgo is stronger than a configcrate, and the nearest one is strongest", () => {
  const commons = { "common.vgo": "vars: {port: 2}\n" };
  assert.equal(contentOf(PORT_CRATE, commons), "2");
  const nested = {
    "common.vgo": "vars: {port: 2}\n",
    "eu/common.vgo": "vars: {port: 3}\n",
    "eu/berlin/common.vgo": "vars: {port: 4}\n",
    "us/common.vgo": "vars: {port: 9}\n",
    "eu/berlin/hosts.vgo": 'match: "web-*"\nconfigcrates: [a]\n',
  };
  assert.equal(contentOf(PORT_CRATE, { ...nested, "envoys.vgo": 'match: "x"\n' }), "4");
});

Deno.test("a match entry is stronger than everything it inherits", () => {
  const texts = {
    "common.vgo": "vars: {port: 2}\n",
    "envoys.vgo": 'match: "*"\nconfigcrates: [a]\nvars: {port: 5}\n',
  };
  assert.equal(contentOf(PORT_CRATE, texts), "5");
});

Deno.test("the first match in file order wins, and files stand in the order of their paths", () => {
  const texts = {
    "b/hosts.vgo": 'match: "web-*"\nconfigcrates: [a]\nvars: {port: 6}\n',
    "envoys.vgo":
      'envoys:\n  - {match: "web-1", configcrates: [a]}\n  - {match: "*", configcrates: [a]}\n',
  };
  assert.equal(contentOf(PORT_CRATE, texts), "6");
});

Deno.test("a host that no entry matches has an empty policy", () => {
  const texts = { "configcrates/a.vgo": PORT_CRATE, "envoys.vgo": 'match: "db-*"\n' };
  assert.deepEqual(resourcesOf(texts), []);
});

Deno.test("hostnames match without regard to case", () => {
  assert.equal(contentOf(PORT_CRATE, {}, { ...HOST, hostname: "WEB-1" }), "1");
});

Deno.test("folders inherit roles and configcrates, and each configcrate comes once, after what it depends on", () => {
  const crate = (name: string, rest = "") =>
    `name: ${name}\n${rest}resources:\n  - file: /${name}\n`;
  const resources = resourcesOf({
    "configcrates/a.vgo": crate("a", "depends_on: [z]\n"),
    "configcrates/b.vgo": crate("b"),
    "configcrates/c.vgo": crate("c"),
    "configcrates/z.vgo": crate("z"),
    "roles.vgo":
      "roles:\n  base: {configcrates: [b]}\n  web: {includes: [base], configcrates: [a]}\n",
    "common.vgo": "roles: [base]\nconfigcrates: [c]\n",
    "envoys.vgo": 'match: "*"\nroles: [web]\nconfigcrates: [c]\n',
  });
  assert.deepEqual(resources.map(({ name }) => name), ["/b", "/c", "/z", "/a"]);
  assert.deepEqual(resources.at(-1)?.dependsOn, ["file:/z"]);
});

Deno.test("variables may be worked out from traits and from each other", () => {
  const crate = `name: a
vars:
  base: /srv
  root: "{{ vars.base }}/{{ traits.os.distro }}"
  site: {root: "{{ vars.root }}", ports: [80, "{{ traits.os.major }}"]}
resources:
  - file: /x
    content: "{{ vars.site.root }} {{ vars.site.ports | join: ',' }}"
`;
  assert.equal(contentOf(crate), "/srv/debian 80,12");
});

Deno.test("variables that refer to each other are refused as the path that closes", () => {
  const crate =
    'name: a\nvars: {x: "{{ vars.y }}", y: "{{ vars.x }}"}\nresources:\n  - file: /x\n    content: "{{ vars.x }}"\n';
  const checked = checkStacks(
    stackFiles({ "configcrates/a.vgo": crate, "envoys.vgo": 'match: "*"\nconfigcrates: [a]\n' }),
  );
  assert.deepEqual(checked.ok ? [] : checked.problems.map(formatProblem), [
    "configcrates/a.vgo:2:11: variables refer to each other: vars.x → vars.y → vars.x",
  ]);
});

Deno.test("a single name keeps its type where the parameter wants it, and is text where that wants text", () => {
  const [exec, file] = resourcesOf({
    "envoys.vgo": 'match: "*"\nconfigcrates: [a]\n',
    "configcrates/a.vgo": `name: a
vars: {limit: 9, codes: [0, 3]}
resources:
  - exec: run
    command: "true"
    timeout: "{{ vars.limit }}"
    returns: "{{ vars.codes }}"
  - file: /x
    content: "{{ vars.limit }}"
`,
  });
  assert.equal(exec?.params.timeout, 9);
  assert.deepEqual(exec?.params.returns, [0, 3]);
  assert.equal(file?.params.content, "9");
});

Deno.test("defaults of a type hold where a resource does not say otherwise, and not where they cannot", () => {
  const [a, b, c] = resourcesOf({
    "envoys.vgo": 'match: "*"\nconfigcrates: [a]\n',
    "configcrates/a.vgo": `name: a
defaults: {file: {mode: "0600"}}
resources:
  - file: /a
  - file: /b
    mode: "0640"
  - file: /c
    ensure: absent
`,
  });
  assert.deepEqual([a, b, c].map((resource) => resource?.params.mode), ["0600", "0640", undefined]);
});

Deno.test("a file's template is rendered into its content", () => {
  const crate = "name: a\nresources:\n  - file: /x\n    source: templates/x\n";
  const more = { "templates/x": "on {{ traits.os.distro }}\n" };
  assert.equal(contentOf(crate, more), "on debian\n");
});

Deno.test("a trait that a host lacks in what the server has to know is a problem of that host, at its place", () => {
  const crate = 'name: a\nresources:\n  - file: x\n    path: "/a/{{ traits.os.nmae }}"\n';
  const compiled = compile({
    "configcrates/a.vgo": crate,
    "envoys.vgo": 'match: "*"\nconfigcrates: [a]\n',
  }, { hostname: "web-1", traits: { os: { name: "x" } } });
  assert.ok(!compiled.ok);
  assert.deepEqual(compiled.problems.map(formatProblem), [
    'configcrates/a.vgo:4:18: the server has to know this: undefined name "traits.os.nmae". Did you mean "traits.os.name"?',
  ]);
});

Deno.test("resources keep file order except where one needs another", () => {
  const resources = resourcesOf({
    "envoys.vgo": 'match: "*"\nconfigcrates: [a]\n',
    "configcrates/a.vgo": `name: a
resources:
  - file: /etc/app/b.conf
    owner: app
    notify: exec:reload
  - exec: reload
    command: /opt/app/reload
    when: changed
    user: app
  - file: /opt/app/reload
    mode: "0755"
  - symlink: /etc/app/link
    target: /etc/app/b.conf
  - directory: /etc/app
  - user: app
    home: /srv/app/home
  - directory: /srv/app
  - file: /z
    before: file:/y
  - file: /y
  - service: app
    state: restarted
    subscribes: [file:/z]
`,
  });
  assert.deepEqual(resources.map(({ id }) => id), [
    "directory:/etc/app",
    "directory:/srv/app",
    "user:app",
    "file:/etc/app/b.conf",
    "file:/opt/app/reload",
    "exec:reload",
    "symlink:/etc/app/link",
    "file:/z",
    "file:/y",
    "service:app",
  ]);
  const byId = new Map<string, typeof resources[number]>(resources.map((each) => [each.id, each]));
  assert.deepEqual(byId.get("file:/etc/app/b.conf")?.dependsOn, ["directory:/etc/app", "user:app"]);
  assert.deepEqual(byId.get("exec:reload")?.dependsOn, [
    "file:/etc/app/b.conf",
    "file:/opt/app/reload",
    "user:app",
  ]);
  assert.deepEqual(byId.get("file:/z")?.notify, ["service:app"]);
  assert.equal(byId.get("service:app")?.when, "changed");
  assert.equal(byId.get("file:/y")?.source, "configcrates/a.vgo:20:5");
});

Deno.test("the same tree, host and traits give the same root; another value gives another", () => {
  const crate = 'name: a\nresources:\n  - file: /x\n    content: "{{ traits.os.distro }}"\n';
  const texts = { "configcrates/a.vgo": crate, "envoys.vgo": 'match: "*"\nconfigcrates: [a]\n' };
  const root = (distro: string) => {
    const compiled = compile(texts, { hostname: "web-1", traits: { os: { distro } } });
    return compiled.ok ? compiled.root : undefined;
  };
  assert.equal(root("debian"), root("debian"));
  assert.notEqual(root("debian"), root("alpine"));
});

Deno.test("a host whose traits would fill the server's memory is refused at the first resource too many", () => {
  const mounts = Object.fromEntries(
    Array.from({ length: 500 }, (_, index) => [`m${index}`, "x".repeat(4_000)]),
  );
  const tree = checkStacks(stackFiles({
    "envoys.vgo": 'match: "*"\nconfigcrates: [a]\n',
    "configcrates/a.vgo":
      'name: a\nresources:\n  - file: "/a/{{ item }}"\n    foreach: [1, 2, 3, 4, 5, 6, 7, 8, 9]\n    content: "{% for m in traits.mounts %}{{ m[1] }}{% endfor %}"\n',
  }));
  assert.ok(tree.ok);
  const compiled = compileHost(tree.tree, { hostname: "web-1", traits: { mounts } });
  assert.ok(!compiled.ok);
  assert.match(compiled.problems[0]?.message ?? "", /hold more than 16777216 characters from here/);
});
