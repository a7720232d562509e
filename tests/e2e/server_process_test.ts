import assert from "node:assert/strict";
import { connect } from "node:tls";
import { DatabaseSync } from "node:sqlite";
import { auditList, auditVerify } from "../../shared/rest/audit.ts";
import { configHistory, configPublish, configRollback } from "../../shared/rest/config.ts";
import { API_PREFIX, CONTRACT } from "../../shared/rest/contract.ts";
import { enrollAnswerSchema, enrollTokenCreate } from "../../shared/rest/enroll.ts";
import type { RunReport } from "../../shared/config/run_report.ts";
import { envoyList, envoyShow } from "../../shared/rest/envoys.ts";
import { runList, runShow } from "../../shared/rest/runs.ts";
import { errorSchema } from "../../shared/rest/error.ts";
import { eventually } from "../support/eventually.ts";
import { findFreePort } from "../support/free_port.ts";
import type { TestProcess } from "../support/process.ts";
import { ServerProcess } from "../support/server_process.ts";
import {
  completeEnrolment,
  draftEnrolment,
  SimulatedEnvoy,
  type SimulatedIdentity,
} from "../support/simulated_envoy.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";

/** Starts that are expected to fail: waits for the end, and checks that it is one clear line and status 1. */
async function refusalOf(process: TestProcess, exitCode = 1): Promise<string> {
  assert.deepEqual(await process.exited, { code: exitCode, signal: null });
  const lines = process.lines.filter(({ text }) => text.startsWith("error: "));
  assert.equal(lines.length, 1, process.output());
  assert.equal(process.lines.length, 1, process.output());
  return lines[0]?.text ?? "";
}

async function createToken(server: ServerProcess, hostname: string): Promise<string> {
  const created = await server.api("/enroll/tokens", { method: "POST", json: { hostname } });
  assert.equal(created.status, 200, created.text);
  return enrollTokenCreate.answer.parse(created.json).token;
}

async function enrol(server: ServerProcess, hostname: string): Promise<SimulatedIdentity> {
  const draft = await draftEnrolment(await createToken(server, hostname), hostname);
  const answer = await server.get(`${API_PREFIX}/enroll`, { method: "POST", json: draft.request });
  assert.equal(answer.status, 200, answer.text);
  return completeEnrolment(draft, enrollAnswerSchema.parse(answer.json));
}

Deno.test("a first start makes what a server needs, answers, and SIGTERM ends it in order", async (t) => {
  await using root = await TemporaryRoot.create();
  await ServerProcess.configure(root);
  await using server = await ServerProcess.start(root);

  await t.step(
    "keys, database and token are there, and only the server reads the secret ones",
    async () => {
      for (
        const path of [
          "tls/ca.key",
          "tls/server.key",
          "tls/signing.key",
          "secrets/local.token",
          "secrets/master.key",
        ]
      ) {
        const { mode } = await Deno.stat(root.join("srv/vigo", path));
        assert.equal((mode ?? 0) & 0o777, 0o600, path);
      }
      assert.ok((await Deno.stat(root.join("srv/vigo/db/vigo.db"))).isFile);
    },
  );

  await t.step("health, readiness, metrics and the API document answer anybody", async () => {
    assert.deepEqual((await server.get("/healthz")).json, { status: "ok" });
    assert.deepEqual((await server.get("/readyz")).json, {
      ready: true,
      problems: [],
      warnings: [],
    });
    assert.match((await server.get("/metrics")).text, /^vigo_envoys\{state="active"\} 0$/m);
    const document = await server.get(`${API_PREFIX}/openapi.json`);
    assert.equal(document.status, 200);
    assert.match(document.text, /"openapi":"3\.1\.0"/);
  });

  await t.step("root's token opens the API, a wrong one and none do not", async () => {
    assert.equal((await server.api("/audit")).status, 200);
    for (const token of ["wrong", `${server.token}x`]) {
      const refused = await server.api("/audit", { token });
      assert.equal(refused.status, 401);
      assert.match(errorSchema.strict().parse(refused.json).message, /token is not valid/);
    }
    assert.equal((await server.get(`${API_PREFIX}/audit`)).status, 401);
  });

  await t.step(
    "oversized and malformed requests are turned away in the one shape of errors",
    async () => {
      const push = { method: "POST", headers: { "content-type": "application/json" } };
      const refusals: [Promise<{ status: number; json: unknown }>, number][] = [
        [server.api("/envoys/push", { ...push, body: " ".repeat(1024 * 1024 + 1) }), 413],
        [server.api("/envoys/push", { ...push, body: "{" }), 400],
        [server.api("/envoys/push", { ...push, body: '{"target":"web-*,"}' }), 400],
        [server.api("/envoys?target=web-*,"), 400],
        [server.api("/envoys/nobody"), 404],
        [server.api("/runs/nothing"), 404],
        [server.api("/nowhere"), 404],
      ];
      for (const [answer, status] of refusals) {
        const { status: actual, json } = await answer;
        assert.equal(actual, status, JSON.stringify(json));
        assert.doesNotMatch(errorSchema.strict().parse(json).message, /\n|\bat .*\.ts/);
      }
      assert.equal((await server.get("/healthz")).status, 200);
    },
  );

  await t.step("headers beyond the limit are turned away", async () => {
    const answer = await server.get("/healthz", { headers: { "x-much": "x".repeat(20_000) } })
      .then(({ status }) => status, () => "connection closed");
    assert.ok(answer === 431 || answer === "connection closed", String(answer));
    assert.equal((await server.get("/healthz")).status, 200);
  });

  await t.step("TLS below 1.2 is not spoken", async () => {
    const outcome = await new Promise<string>((resolve) => {
      const socket = connect({
        host: "localhost",
        port: server.restPort,
        ca: server.ca,
        maxVersion: "TLSv1.1",
        minVersion: "TLSv1",
      });
      socket.on("secureConnect", () => resolve("connected"));
      socket.on("error", () => resolve("refused"));
    }).catch(() => "refused");
    assert.equal(outcome, "refused");
  });

  await t.step("SIGTERM ends it with status 0, and the audit head is signed", async () => {
    await createToken(server, "web-1");
    assert.deepEqual(await server.process.stop(5_000), { code: 0, signal: null });
    const database = new DatabaseSync(root.join("srv/vigo/db/vigo.db"));
    assert.equal(database.prepare("SELECT max(seq) AS seq FROM audit_heads").get()?.["seq"], 1);
    database.close();
  });
});

Deno.test("each principal gets from the running server what the permission table promises", async () => {
  await using root = await TemporaryRoot.create();
  await ServerProcess.configure(root);
  await using server = await ServerProcess.start(root);
  const envoy = await enrol(server, "web-1");
  const revoked = await enrol(server, "web-2");
  assert.equal(
    (await server.api("/envoys/web-2/revoke", { method: "POST", json: {} })).status,
    200,
  );
  const identityOf = ({ certificatePem, tlsKeyPem }: SimulatedIdentity) => ({
    identity: { certificate: certificatePem, privateKey: tlsKeyPem },
  });
  const principals = [
    { who: "root", with: { token: server.token }, may: () => true, refusal: 403 },
    {
      who: "envoy",
      with: identityOf(envoy),
      may: (permission: string) => ["none", "fleet.view"].includes(permission),
      refusal: 403,
    },
    {
      who: "revoked envoy",
      with: identityOf(revoked),
      may: (permission: string) => permission === "none",
      refusal: 401,
    },
    { who: "nobody", with: {}, may: (permission: string) => permission === "none", refusal: 401 },
  ];
  for (const { who, with: credentials, may, refusal } of principals) {
    for (const [name, { method, path, permission, ...rest }] of Object.entries(CONTRACT)) {
      // A stream of events would not end; it is turned away for its query once it has let somebody in.
      const query = "answerType" in rest ? "?no-such=1" : "";
      const url = API_PREFIX + path.replaceAll(/:\w+/g, "none") + query;
      const { status, json } = await server.get(url, { method, ...credentials });
      if (may(permission)) assert.ok(![401, 403].includes(status), `${who} ${name}: ${status}`);
      else assert.equal(status, refusal, `${who} ${name}: ${JSON.stringify(json)}`);
    }
  }
});

Deno.test("what was acknowledged survives kill -9, and the next start serves it", async () => {
  await using root = await TemporaryRoot.create();
  await ServerProcess.configure(root);
  let envoy: SimulatedIdentity;
  let oldToken: string;
  {
    await using server = await ServerProcess.start(root);
    envoy = await enrol(server, "web-1");
    oldToken = server.token;
    await server.process.kill();
  }
  await using server = await ServerProcess.start(root);
  assert.notEqual(server.token, oldToken);
  assert.equal((await server.api("/envoys", { token: oldToken })).status, 401);
  const { envoys } = envoyList.answer.parse((await server.api("/envoys")).json);
  assert.deepEqual(envoys.map(({ uuid, hostname }) => [uuid, hostname]), [[envoy.uuid, "web-1"]]);
  const verdict = auditVerify.answer.parse((await server.api("/audit/verify")).json);
  assert.deepEqual([verdict.intact, verdict.records], [true, 2]);
});

Deno.test("stacks are checked, published and rolled back from inside the sandbox, and it is on record", async (t) => {
  await using root = await TemporaryRoot.create();
  await ServerProcess.configure(root);
  const crate = (content: string) =>
    `name: motd\nresources:\n  - file: /etc/motd\n    content: ${content}\n`;
  let first: string;
  {
    await using server = await ServerProcess.start(root);
    const publish = async (json: Record<string, string>) => {
      const answer = await server.api("/config/publish", { method: "POST", json });
      assert.equal(answer.status, 200, answer.text);
      return configPublish.answer.parse(answer.json);
    };
    await Deno.mkdir(root.join("srv/vigo/stacks/configcrates"));
    await Deno.writeTextFile(root.join("srv/vigo/stacks/configcrates/motd.vgo"), crate("one"));
    const hosts = root.join("srv/vigo/stacks/envoys.vgo");

    await t.step("a mistake is answered with its place, and nothing goes live", async () => {
      await Deno.writeTextFile(hosts, "envoys:\n  - match: '*'\n    configcrate: [motd]\n");
      const refused = await publish({});
      assert.equal(refused.published, false);
      assert.equal(refused.problems[0]?.file, "envoys.vgo");
    });

    await t.step("a publish names its version, whoever asked and for whom", async () => {
      await Deno.writeTextFile(hosts, "envoys:\n  - match: '*'\n    configcrates: [motd]\n");
      const published = await publish({ message: "first", operator: "ada" });
      assert.deepEqual([published.published, published.problems], [true, []]);
      first = published.version ?? "";
    });

    await t.step("a rollback puts the first version back", async () => {
      await Deno.writeTextFile(root.join("srv/vigo/stacks/configcrates/motd.vgo"), crate("two"));
      assert.notEqual((await publish({ message: "second" })).version, first);
      const back = await server.api("/config/rollback", { method: "POST", json: {} });
      assert.equal(configRollback.answer.parse(back.json).version, first);
    });
    await server.process.kill();
  }
  await t.step("after kill -9 the version and its records are there", async () => {
    await using server = await ServerProcess.start(root);
    const { versions } = configHistory.answer.parse((await server.api("/config/history")).json);
    assert.deepEqual(versions.map(({ message, live }) => [message, live]), [
      [`Roll back to ${first.slice(0, 12)}`, true],
      ["second", false],
      ["first", false],
    ]);
    assert.equal(versions[2]?.publishedBy, "local-root (as ada)");
    const { records } = auditList.answer.parse((await server.api("/audit")).json);
    assert.deepEqual(
      records.map(({ action, principal, payload }) => [action, principal, payload["operator"]]),
      [
        ["config.rollback", "local-root", ""],
        ["config.publish", "local-root", ""],
        ["config.publish", "local-root", "ada"],
      ],
    );
  });
});

Deno.test("what an envoy said in the last moment before SIGTERM is there after the next start", async () => {
  await using root = await TemporaryRoot.create();
  await ServerProcess.configure(root);
  const runId = crypto.randomUUID();
  {
    await using server = await ServerProcess.start(root);
    const identity = await enrol(server, "web-1");
    using envoy = new SimulatedEnvoy({
      address: `127.0.0.1:${server.grpcPort}`,
      identity,
      stableTraits: { os: { distro: "debian" } },
    });
    await envoy.settle();
    await envoy.openStream();
    const metrics = (await server.get("/metrics")).text;
    assert.match(metrics, /^vigo_agent_sessions 1$/m);
    assert.match(metrics, /^vigo_checkins_total\{result="no_change"\} [1-9]\d*$/m);
    await envoy.report(runId, new TextEncoder().encode(JSON.stringify(reportOf(runId))));
    assert.deepEqual(await server.process.stop(5_000), { code: 0, signal: null });
  }
  await using server = await ServerProcess.start(root);
  const shown = envoyShow.answer.parse((await server.api("/envoys/web-1")).json);
  assert.deepEqual(shown.traits, { os: { distro: "debian" } });
  assert.equal(shown.ip, "192.0.2.7");
  const run = runShow.answer.parse((await server.api(`/runs/${runId}`)).json);
  assert.deepEqual([run.hostname, run.outcome], ["web-1", "changed"]);
  const { runs } = runList.answer.parse((await server.api("/runs?host=web-1")).json);
  assert.deepEqual(runs.map((one) => one.runId), [runId]);
  const matching = async (target: string) =>
    envoyList.answer.parse((await server.api(`/envoys?target=${encodeURIComponent(target)}`)).json)
      .envoys.map(({ hostname }) => hostname);
  assert.deepEqual(await matching("os.distro=debian"), ["web-1"]);
  assert.deepEqual(await matching("os.distro=arch"), []);
});

Deno.test("a first start that is killed at any step is completed by the next", async () => {
  await using root = await TemporaryRoot.create();
  await ServerProcess.configure(root);
  // In the order in which a first start makes them.
  for (
    const made of [
      "db/vigosrv.lock",
      "db/vigo.db",
      "secrets/master.key",
      "tls/signing.key",
      "tls/ca.key",
      "tls/ca.crt",
      "tls/server.crt",
      "secrets/local.token",
    ]
  ) {
    await using process = ServerProcess.launch(root);
    await eventually(`${made} is made`, () => Deno.stat(root.join("srv/vigo", made)), 60_000);
    await process.kill();
    assert.deepEqual(process.lines.filter(({ text }) => text.startsWith("error: ")), []);
  }
  await using server = await ServerProcess.start(root);
  assert.deepEqual((await server.get("/readyz")).json, { ready: true, problems: [], warnings: [] });
  await enrol(server, "web-1");
});

Deno.test("a second server on one root is refused, and the first goes on", async () => {
  await using root = await TemporaryRoot.create();
  await ServerProcess.configure(root);
  await using server = await ServerProcess.start(root);
  await using second = ServerProcess.launch(root);
  assert.match(await refusalOf(second), /another vigosrv runs on this root \(pid \d+, since /);
  assert.equal((await server.api("/envoys")).status, 200);
});

for (const key of ["rest_port", "grpc_port"]) {
  Deno.test(`a ${key} that another program has is refused in one line`, async () => {
    await using root = await TemporaryRoot.create();
    const taken = findFreePort();
    using _holder = Deno.listen({ hostname: "127.0.0.1", port: taken });
    const server = { listen: "127.0.0.1", grpc_port: 0, rest_port: 0, [key]: taken };
    await ServerProcess.configure(root, { server });
    await using process = ServerProcess.launch(root);
    assert.match(
      await refusalOf(process),
      new RegExp(`Cannot listen on 127\\.0\\.0\\.1:${taken}: another program`),
    );
  });
}

Deno.test("a damaged database is refused by name and stays as it is", async () => {
  await using root = await TemporaryRoot.create();
  await ServerProcess.configure(root);
  {
    await using server = await ServerProcess.start(root);
    await server.process.stop();
  }
  const path = root.join("srv/vigo/db/vigo.db");
  const bytes = await Deno.readFile(path);
  bytes.fill(0xa5, 4096);
  await Deno.writeFile(path, bytes);
  await using process = ServerProcess.launch(root);
  const line = await refusalOf(process);
  assert.ok(line.includes(`"${path}"`) && /damaged .*restore it from a backup/.test(line), line);
  assert.deepEqual(await Deno.readFile(path), bytes);
});

Deno.test("a database that was lost beside the fleet's keys is not made anew", async () => {
  await using root = await TemporaryRoot.create();
  await ServerProcess.configure(root);
  {
    await using server = await ServerProcess.start(root);
    await server.process.stop();
  }
  const path = root.join("srv/vigo/db/vigo.db");
  await Deno.remove(path);
  await using process = ServerProcess.launch(root);
  assert.match(await refusalOf(process), /missing or empty, but .*Restore it from a backup/);
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
});

Deno.test("mistakes in server.yaml are named with file, line and column, and nothing is made", async () => {
  await using root = await TemporaryRoot.create();
  await ServerProcess.configure(root, { checkin: { intervall: "60s" } });
  await using process = ServerProcess.launch(root);
  assert.match(
    await refusalOf(process, 2),
    /server\.yaml:7:3: unknown key "intervall" in checkin\. Did you mean "interval"\?/,
  );
  await assert.rejects(Deno.stat(root.join("srv/vigo/db")), Deno.errors.NotFound);
});

Deno.test("a root that cannot be used is refused by the name of the folder", async () => {
  await using root = await TemporaryRoot.create();
  await ServerProcess.configure(root);
  // A file in the way stops even root, whom no mode stops.
  await Deno.writeTextFile(root.join("srv/vigo/db"), "");
  await using process = ServerProcess.launch(root);
  assert.match(await refusalOf(process), /Cannot use folder ".*\/srv\/vigo\/db": /);
});

Deno.test("help, version and completion need no root", async () => {
  for (
    const [args, expected] of [
      [["--help"], /Usage: vigosrv[\s\S]*Examples:/],
      [["serve", "--help"], /--root <dir>[\s\S]*Examples:/],
      [["version"], /^vigosrv \d+\.\d+\.\d+$/m],
      [["completion", "bash"], /complete/],
    ] as const
  ) {
    await using process = ServerProcess.run(args);
    assert.deepEqual(await process.exited, { code: 0, signal: null });
    assert.match(process.output("stdout"), expected);
  }
});

function reportOf(runId: string): RunReport {
  return {
    schema: 1,
    runId,
    policyVersion: "v1",
    root: "ab".repeat(32),
    startedAtMs: Date.now(),
    durationMs: 12,
    trigger: "interval",
    dryRun: false,
    counts: {
      none: 0,
      created: 1,
      updated: 0,
      deleted: 0,
      skipped: 0,
      blocked: 0,
      failed: 0,
      unknown: 0,
      would_change: 0,
    },
    resources: [{ id: "file:/etc/motd", crate: "motd", outcome: "created", durationMs: 3 }],
    truncated: false,
  };
}
