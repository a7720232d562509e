import assert from "node:assert/strict";
import { stackFiles } from "../stacks/stack_fixture.ts";
import { checkStacks } from "./check_stacks.ts";
import { WEB_1 } from "./stack_fixture.ts";
import { traceHost } from "./trace_host.ts";

const TREE = {
  "common.vgo": "vars: {port: 1}\nroles: [base]\n",
  "eu/common.vgo": "vars: {port: 2}\n",
  "eu/environments.vgo": "environments:\n  p:\n    vars: {port: 4}\n    configcrates: [extra]\n",
  "eu/hosts.vgo":
    'match: "web-*"\nenvironment: p\nroles: [web]\nvars: {port: 3}\nusercrates: [mara]\n',
  "roles.vgo":
    "roles:\n  base: {configcrates: [ntp]}\n  web:\n    includes: [base, tls]\n    configcrates: [site]\n  tls: {configcrates: [certs]}\n",
  "configcrates/ntp.vgo": "name: ntp\nresources:\n  - file: /ntp\n",
  "configcrates/certs.vgo": "name: certs\ndepends_on: [pki]\nresources:\n  - file: /certs\n",
  "configcrates/pki.vgo": "name: pki\nresources:\n  - file: /pki\n",
  "configcrates/extra.vgo": "name: extra\nresources:\n  - file: /extra\n",
  "configcrates/site.vgo": `name: site
vars: {port: 0, key: secret:web/key}
defaults: {file: {mode: "0600", owner: root}}
resources:
  - file: site
    path: /site
    mode: "0640"
    content: "{{ vars.key }}{{ vars.port }}"
  - file: /never
    when: env == "staging"
`,
  "usercrates/mara.vgo": "name: mara\nresources:\n  - user: mara\n    password: hunter2\n",
};

function trace(hostname = "web-1") {
  const checked = checkStacks(stackFiles(TREE));
  assert.deepEqual(checked.ok ? [] : checked.problems, []);
  assert.ok(checked.ok);
  return traceHost(checked.tree, { ...WEB_1, hostname });
}

Deno.test("each crate says through which files, roles and crates it comes", () => {
  const ways = Object.fromEntries(
    trace().crates.map(({ name, via }) => [
      name,
      via.map((step) => `${step.kind} ${step.name} ${step.place}`),
    ]),
  );
  assert.deepEqual(ways["ntp"], [
    "common common.vgo common.vgo:1:1",
    "role base common.vgo:2:9",
    "configcrate ntp roles.vgo:2:25",
  ]);
  assert.deepEqual(ways["pki"], [
    "match web-* eu/hosts.vgo:1:8",
    "role web eu/hosts.vgo:3:9",
    "role tls roles.vgo:4:22",
    "configcrate certs roles.vgo:6:24",
    "configcrate pki configcrates/certs.vgo:2:14",
  ]);
  assert.deepEqual(ways["extra"], [
    "environment p eu/environments.vgo:2:3",
    "configcrate extra eu/environments.vgo:4:20",
  ]);
  assert.deepEqual(ways["usercrates/mara"], [
    "match web-* eu/hosts.vgo:1:8",
    "configcrate usercrates/mara eu/hosts.vgo:5:14",
  ]);
});

Deno.test("each variable says where it stands and what it is stronger than", () => {
  const [port, key] = trace().variables;
  assert.deepEqual(port, {
    name: "port",
    crate: null,
    value: { value: 4, place: "eu/environments.vgo:3:18", from: "environment" },
    overrode: [
      { value: 3, place: "eu/hosts.vgo:4:14", from: "match" },
      { value: 2, place: "eu/common.vgo:1:14", from: "common" },
      { value: 1, place: "common.vgo:1:14", from: "common" },
      { value: 0, place: "configcrates/site.vgo:2:14", from: "configcrate" },
    ],
  });
  assert.deepEqual(key, {
    name: "key",
    crate: "site",
    value: { value: "secret:web/key", place: "configcrates/site.vgo:2:22", from: "configcrate" },
    overrode: [],
  });
});

Deno.test("each resource says where it and its parameters stand", () => {
  const { resources, leftOut } = trace();
  const site = resources.find(({ id }) => id === "file:site");
  assert.equal(site?.place, "configcrates/site.vgo:5:5");
  assert.deepEqual(site?.deferred, ["/content"]);
  assert.deepEqual({ ...site?.params }, {
    mode: {
      value: "0640",
      place: "configcrates/site.vgo:7:11",
      from: "resource",
      overrode: [{ value: "0600", place: "configcrates/site.vgo:3:25", from: "defaults" }],
    },
    owner: { value: "root", place: "configcrates/site.vgo:3:40", from: "defaults", overrode: [] },
    path: { value: "/site", place: "configcrates/site.vgo:6:11", from: "resource", overrode: [] },
    content: {
      value: "{{ vars.key }}{{ vars.port }}",
      place: "configcrates/site.vgo:8:14",
      from: "resource",
      overrode: [],
    },
  });
  const mara = resources.find(({ id }) => id === "user:mara");
  assert.equal(mara?.params.password?.value, "«secret»");
  assert.deepEqual(leftOut, [{
    declared: "file:/never",
    crate: "site",
    place: "configcrates/site.vgo:9:5",
    when: 'env == "staging"',
  }]);
});

Deno.test("a host that no entry matches has nothing to trace", () => {
  const { match, crates, resources } = trace("db-1");
  assert.deepEqual([match, crates, resources], [null, [], []]);
});

Deno.test("a template says what came of it for the host, unless a secret or the machine has a part in it", () => {
  const checked = checkStacks(stackFiles({
    "envoys.vgo": `match: "web-*"
configcrates: [site]
vars:
  port: 80
  url: "http://{{ traits.agent_self.hostname }}:{{ vars.port }}"
  key: "{{ vars.hidden }}!"
  hidden: secret:web/key
  list: ["{{ vars.port }}", "{{ traits.no.such }}"]
`,
    "configcrates/site.vgo": `name: site
vars: {own: "{{ vars.port }}1"}
resources:
  - file: /site
    mode: "0640"
    content: "{{ vars.url }} {{ vars.own }}"
  - file: /later
    content: "{{ traits.no.such }}"
  - file: /hidden
    content: "{{ vars.key }}"
  - user: mara
    password: "{{ vars.url }} in plain"
`,
  }));
  assert.ok(checked.ok, JSON.stringify(checked));
  const { variables, resources, problems } = traceHost(checked.tree, WEB_1);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    variables.map(({ name, value }) => [name, value.result]),
    [
      ["port", undefined],
      ["url", "http://web-1:80"],
      ["key", undefined],
      ["hidden", undefined],
      ["list", undefined],
      ["own", "801"],
    ],
  );
  const results = resources.flatMap(({ id, params }) =>
    Object.entries(params).flatMap(([name, { result }]) =>
      result === undefined ? [] : [[id, name, result]]
    )
  );
  assert.deepEqual(results, [["file:/site", "content", "http://web-1:80 801"]]);
});
