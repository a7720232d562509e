import assert from "node:assert/strict";
import fc from "fast-check";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { loadServerConfig, ServerConfigError } from "./load_server_config.ts";
import { defaultServerConfig, readServerConfig } from "./read_server_config.ts";

/** Control characters, quotes and letters of many scripts; the ready-made generator of all of Unicode takes a second to start. */
const character = fc.nat({ max: 0x3000 }).map((code) => String.fromCodePoint(code));

function problemsOf(text: string): readonly string[] {
  const result = readServerConfig(text, "server.yaml");
  assert.equal(result.ok, false, "no problem was found");
  return result.ok ? [] : result.problems;
}

Deno.test("without a file the documented defaults apply, and the swarm is off", () => {
  assert.deepEqual(defaultServerConfig(), {
    server: { listen: "0.0.0.0", grpc_port: 1530, rest_port: 8443, tls_sans: [] },
    checkin: { interval: 60_000, bundle_max_age: 86_400_000 },
    envoys: { renew_grace: 180 * 86_400_000 },
    tasks: { health_check_hosts: [] },
    database: {
      driver: "sqlite",
      host: "127.0.0.1",
      port: 5432,
      name: "vigo",
      user: "vigo",
      retention: 30 * 86_400_000,
    },
    log: { level: "info" },
  });
});

Deno.test("an empty file and a file of comments mean the defaults", () => {
  for (const text of ["", "# nothing yet\n", "server:\n  listen: 0.0.0.0\n"]) {
    const result = readServerConfig(text, "server.yaml");
    assert.deepEqual(result, { ok: true, config: defaultServerConfig() });
  }
});

Deno.test("what the file says is what holds", () => {
  const result = readServerConfig(
    `
server: { hostname: vigo.example, listen: "127.0.0.1", grpc_port: 0, tls_sans: [10.0.0.1, vigo] }
checkin: { interval: 5s, bundle_max_age: 0 }
swarm:
  enabled: ["-db-*", "*"]
  payload: { enabled: true }
database: { retention: 7d }
log: { level: debug }
`,
    "server.yaml",
  );
  assert.ok(result.ok);
  const { server, checkin, swarm, database, log } = result.config;
  assert.deepEqual(server, {
    hostname: "vigo.example",
    listen: "127.0.0.1",
    grpc_port: 0,
    rest_port: 8443,
    tls_sans: ["10.0.0.1", "vigo"],
  });
  assert.deepEqual(checkin, { interval: 5000, bundle_max_age: 0 });
  assert.deepEqual(swarm?.enabled, ["-db-*", "*"]);
  assert.equal(swarm?.payload.enabled, true);
  assert.equal(database.retention, 7 * 86_400_000);
  assert.equal(log.level, "debug");
});

Deno.test("an unknown key is named with its place and the nearest known one", () => {
  assert.deepEqual(problemsOf("checkin:\n  intervall: 60s\n"), [
    'server.yaml:2:3: unknown key "intervall" in checkin. Did you mean "interval"?',
  ]);
  assert.deepEqual(problemsOf("swarm:\n  payload:\n    enable: true\n"), [
    'server.yaml:3:5: unknown key "enable" in swarm.payload. Did you mean "enabled"?',
  ]);
  assert.deepEqual(problemsOf("servers: {}\n"), [
    'server.yaml:1:1: unknown key "servers". Did you mean "server"?',
  ]);
});

Deno.test("a wrong value is quoted with its place and what was wanted", () => {
  const cases: [string, RegExp][] = [
    [
      "checkin:\n  interval: 60\n",
      /^server\.yaml:2:13: checkin\.interval 60: expected a duration, 1s to 24h$/,
    ],
    ["checkin:\n  interval: 25h\n", /2:13: checkin\.interval "25h": expected 1s to 24h$/],
    ["checkin: { interval: soon }", /1:22: checkin\.interval "soon": expected a duration such as/],
    ["server:\n  rest_port: 70000\n", /2:14: server\.rest_port 70000: .*65535/],
    [
      "server:\n  listen: everywhere\n",
      /2:11: server\.listen "everywhere": expected an IP address/,
    ],
    ["server:\n  tls_sans:\n    - ok\n    - 'not ok'\n", /4:7: server\.tls_sans\.1 "not ok": /],
    ["log: { level: loud }", /1:15: log\.level "loud": .*"debug"/],
    ["database: { driver: mysql }", /1:21: database\.driver "mysql": .*"sqlite"/],
    ["database: { password_file: pw }", /1:28: database\.password_file "pw": .*absolute path/],
    ["swarm: { enabled: ['*', '-'] }", /1:19: swarm\.enabled .*pattern 2 of gate list/],
    ["server:\n", /^server\.yaml:1:.*server/],
    ["- a\n- b\n", /^server\.yaml:1:1: the file .*expected object/],
  ];
  for (const [text, expected] of cases) {
    const problems = problemsOf(text);
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0] ?? "", expected);
  }
});

Deno.test("all mistakes of a file are reported at once, in the order of the file", () => {
  const problems = problemsOf("log: { level: loud }\nserver:\n  port: 1\n  grpc_port: x\nfoo: 1\n");
  assert.deepEqual(problems.map((line) => line.split(":").slice(1, 3).join(":")), [
    "1:15",
    "3:3",
    "4:14",
    "5:1",
  ]);
});

Deno.test("text that is not YAML, a tab and a key given twice are refused with their place", () => {
  assert.match(
    problemsOf("server:\n\tlisten: x\n")[0] ?? "",
    /^server\.yaml:2:\d: Tabs are not allowed/,
  );
  assert.match(
    problemsOf("log: {}\nlog: {}\n")[0] ?? "",
    /^server\.yaml:2:1: Map keys must be unique/,
  );
  assert.match(problemsOf("a: [\n")[0] ?? "", /^server\.yaml:\d:\d: /);
  const bomb = ["k0: &a0 [x]"];
  for (let n = 1; n < 9; n += 1) bomb.push(`k${n}: &a${n} [${`*a${n - 1}, `.repeat(9)}]`);
  assert.match(problemsOf(bomb.join("\n"))[0] ?? "", /aliases expand too far/);
  assert.match(problemsOf("x".repeat(300_000))[0] ?? "", /the limit is 262144/);
});

Deno.test("whatever a file holds, it is read or refused in single lines", () => {
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 200 }), (text) => {
      const result = readServerConfig(text, "server.yaml");
      if (!result.ok) {
        assert.ok(result.problems.length > 0);
        for (const line of result.problems) assert.match(line, /^server\.yaml:\d+:\d+: .+$/);
      }
    }),
  );
});

Deno.test("a file that somebody named must exist; the default one need not", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("server.yaml");
  assert.deepEqual(await loadServerConfig(path, { isRequired: false }), defaultServerConfig());
  await assert.rejects(loadServerConfig(path, { isRequired: true }), ServerConfigError);
  await Deno.writeTextFile(path, "log: { level: error }\n");
  assert.equal((await loadServerConfig(path, { isRequired: true })).log.level, "error");
});
