import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { auditList, type AuditRecord, auditVerify } from "../../shared/rest/audit.ts";
import { configFreeze, configPublish } from "../../shared/rest/config.ts";
import { API_PREFIX, CONTRACT } from "../../shared/rest/contract.ts";
import { enrollAnswerSchema, enrollTokenCreate } from "../../shared/rest/enroll.ts";
import { sessionList } from "../../shared/rest/session.ts";
import { taskRun } from "../../shared/rest/tasks.ts";
import { workflowRun } from "../../shared/rest/workflows.ts";
import { entryOf } from "../support/filecast_fixture.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import { eventually } from "../support/eventually.ts";
import { programCommand } from "../support/run_program.ts";
import { addUser, logIn, makeToken, PASSWORD } from "../support/people.ts";
import type { RestAnswer, RestRequest } from "../support/rest_exchange.ts";
import { runCommand } from "../support/run_command.ts";
import { ServerProcess } from "../support/server_process.ts";
import { completeEnrolment, draftEnrolment, SimulatedEnvoy } from "../support/simulated_envoy.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";

type Name = keyof typeof CONTRACT;

/** What asks and changes nothing, though it carries a body. */
const READS: readonly Name[] = ["configDiff", "configValidate"];

/** Writes that take more than one server; their own tests look for the record. */
const ELSEWHERE: Partial<Record<Name, readonly [file: string, action: string]>> = {
  renew: ["tests/e2e/runs_test.ts", "envoy.renew"],
  filecastPurge: ["server/swarm/swarm_overview_test.ts", "swarm.purge"],
};

const repository = join(import.meta.dirname ?? ".", "..", "..");

function vigocli(root: TemporaryRoot, ...args: string[]) {
  return runCommand(Deno.execPath(), programCommand("vigocli", [...args, "--root", root.path]), {
    env: { NO_COLOR: "1" },
  });
}

async function records(server: ServerProcess): Promise<AuditRecord[]> {
  return auditList.answer.parse((await server.api("/audit?limit=1000")).json).records;
}

/** Stages stacks of which each generation is another version. */
async function stage(root: TemporaryRoot, generation: number): Promise<void> {
  const stacks = root.join("srv/vigo/stacks");
  await Deno.mkdir(join(stacks, "configcrates"), { recursive: true });
  await Deno.writeTextFile(
    join(stacks, "configcrates/motd.vgo"),
    `name: motd\nresources:\n  - file: /etc/motd\n    content: "${generation}"\n`,
  );
  await Deno.writeTextFile(join(stacks, "envoys.vgo"), 'match: "*"\nconfigcrates: [motd]\n');
}

Deno.test("each write leaves a record that names who did it", async (t) => {
  await using root = await TemporaryRoot.create();
  await ServerProcess.configure(root, { swarm: { enabled: ["*"], payload: { enabled: ["*"] } } });
  await using server = await ServerProcess.start(root);
  await addUser(server, "ann", "admin");
  const token = await makeToken(server, "script", "admin", "ann");
  const call = (path: string, json: unknown = {}, options: RestRequest = {}) =>
    server.api(path, { method: "POST", json, token, ...options });
  const remove = (path: string) => server.api(path, { method: "DELETE", token });
  const enrolToken = async (hostname: string) => {
    const answer = await call("/enroll/tokens", { hostname });
    return enrollTokenCreate.answer.parse(answer.json);
  };
  const session = await logIn(server, "ann");
  const asAnn = (method: string, path: string, json?: unknown) =>
    session.api(path, { method, ...(json === undefined ? {} : { json }) });
  const publish = async (generation: number) => {
    await stage(root, generation);
    return await call("/config/publish", { message: "test", allowRefused: true });
  };
  const machine = async (hostname: string) => {
    const draft = await draftEnrolment((await enrolToken(hostname)).token, hostname);
    const answer = await server.api("/enroll", { method: "POST", json: draft.request });
    const identity = completeEnrolment(draft, enrollAnswerSchema.parse(answer.json));
    return new SimulatedEnvoy({ address: `localhost:${server.grpcPort}`, identity });
  };
  // The server's own host, which seeds what is cast.
  using hub = await machine("localhost");
  await hub.settle();
  const seeding = await hub.openStream();
  await Deno.mkdir(root.join("var/lib/vigo/swarm/seed"), { recursive: true });
  using copy = new SimulatedEnvoy({
    address: `localhost:${server.grpcPort}`,
    identity: hub.identity,
  });
  const content = new TextEncoder().encode("what is cast");
  const castOf = (): ManifestEntry =>
    entryOf(hub.signer, {
      sha256: sha256Hex(content),
      sizeBytes: content.length,
      label: "cast.txt",
      target: "*",
      origin: "localhost",
    });
  const workflowOf = (target: string) => ({
    name: "sweep",
    steps: [{ name: "only", command: "sleep 1", target }],
  });
  const spare = await enrolToken("spare");
  const admitted = await draftEnrolment((await enrolToken("web-1")).token, "web-1");
  let firstVersion = "";

  /** In an order in which each can succeed: the action that it leaves, who does it, and how. */
  const writes: [Name, action: string, who: string, () => Promise<RestAnswer>][] = [
    [
      "enrollTokenCreate",
      "enroll.token.create",
      "token:script",
      () => call("/enroll/tokens", { hostname: "web-2" }),
    ],
    [
      "enrollTokenRevoke",
      "enroll.token.revoke",
      "token:script",
      () => remove(`/enroll/tokens/${spare.info.id}`),
    ],
    [
      "enroll",
      "envoy.enroll",
      "",
      () => server.get(`${API_PREFIX}/enroll`, { method: "POST", json: admitted.request }),
    ],
    [
      "envoyTag",
      "envoy.tag",
      "token:script",
      () => call("/envoys/web-1/tags", { set: { role: "web" } }),
    ],
    ["envoyPush", "envoy.push", "token:script", () => call("/envoys/push", { target: "web-1" })],
    [
      "envoyRename",
      "envoy.rename",
      "token:script",
      () => call("/envoys/web-1/rename", { hostname: "app-1" }),
    ],
    [
      "taskRun",
      "task.dispatch",
      "token:script",
      () => call("/task", { command: "true", target: "app-1" }),
    ],
    ["taskCancel", "task.cancel", "token:script", async () => {
      const made = await call("/task", { command: "sleep 1", target: "localhost" });
      const { task } = taskRun.answer.parse(made.json);
      return await call(`/task/${task?.id}/cancel`);
    }],
    [
      "workflowRun",
      "workflow.run",
      "token:script",
      () => call("/workflow", { workflow: workflowOf("app-1") }),
    ],
    ["workflowCancel", "workflow.cancel", "token:script", async () => {
      const made = await call("/workflow", { workflow: workflowOf("localhost") });
      const { workflow } = workflowRun.answer.parse(made.json);
      return await call(`/workflow/${workflow?.id}/cancel`);
    }],
    [
      "filecastDistribute",
      "swarm.distribute",
      "token:script",
      () =>
        server.api(`/swarm/filecasts?label=cast.txt&target=*&sizeBytes=${content.length}`, {
          method: "POST",
          body: content,
          token,
          headers: { "content-type": "application/octet-stream" },
        }),
    ],
    ["filecastRevoke", "swarm.revoke", "token:script", async () => {
      seeding.raw.write({ manifest: { entries: [Buffer.from(JSON.stringify(castOf()))] } });
      // Until the seeder's word is there it cannot be taken back.
      return await eventually("the cast is revoked", async () => {
        const answer = await call(`/swarm/filecasts/${sha256Hex(content)}/revoke`);
        return answer.status === 200 && answer;
      });
    }],
    [
      "poolqBlock",
      "poolq.block",
      "token:script",
      () =>
        call("/swarm/poolq/block", { kind: "topic", value: sha256Hex("topic"), reason: "spam" }),
    ],
    [
      "poolqUnblock",
      "poolq.unblock",
      "token:script",
      () => call("/swarm/poolq/unblock", { kind: "topic", value: sha256Hex("topic") }),
    ],
    [
      "puddleEvict",
      "puddle.evict",
      "token:script",
      () => call(`/swarm/puddle/${sha256Hex("puddle")}/evict`, { host: "localhost" }),
    ],
    ["envoyAccept", "envoy.accept", "token:script", async () => {
      copy.cloneToken = hub.cloneToken;
      for (let count = 0; count < 3; count += 1) await hub.checkIn();
      assert.equal((await copy.checkIn()).suspectedClone, true);
      return await call("/envoys/localhost/accept");
    }],
    ["configPublish", "config.publish", "token:script", async () => {
      const answer = await publish(1);
      firstVersion = configPublish.answer.parse(answer.json).version ?? "";
      return answer;
    }],
    ["configRollback", "config.rollback", "token:script", async () => {
      assert.equal((await publish(2)).status, 200);
      return await call("/config/rollback", { version: firstVersion, allowRefused: true });
    }],
    [
      "configFreeze",
      "config.freeze",
      "token:script",
      () => call("/config/freeze", { untilMs: Date.now() + 3_600_000, reason: "test" }),
    ],
    ["configUnfreeze", "config.unfreeze", "token:script", () => call("/config/unfreeze")],
    [
      "secretSet",
      "secret.set",
      "token:script",
      () => call("/secrets/set", { path: "db/key", generate: {} }),
    ],
    [
      "secretReveal",
      "secret.reveal",
      "token:script",
      () => call("/secrets/reveal", { path: "db/key" }),
    ],
    [
      "secretRotate",
      "secret.rotate",
      "token:script",
      () => call("/secrets/rotate", { path: "db/key" }),
    ],
    [
      "secretDelete",
      "secret.delete",
      "token:script",
      () => call("/secrets/delete", { path: "db/key" }),
    ],
    ["dbIntegrity", "db.integrity", "token:script", () => call("/db/integrity")],
    ["dbVacuum", "db.vacuum", "token:script", () => call("/db/vacuum")],
    ["dbPrune", "db.prune", "token:script", () => call("/db/prune")],
    [
      "userAdd",
      "user.add",
      "token:script",
      () => call("/users", { name: "bob", role: "viewer", password: PASSWORD }),
    ],
    ["userRole", "user.role", "token:script", () => call("/users/bob/role", { role: "operator" })],
    [
      "userPassword",
      "user.password",
      "token:script",
      () => call("/users/bob/password", { password: PASSWORD }),
    ],
    ["userDisable", "user.disable", "token:script", () => call("/users/bob/disable")],
    ["userEnable", "user.enable", "token:script", () => call("/users/bob/enable")],
    [
      "tokenLogin",
      "token.create",
      "user:bob",
      () => call("/tokens/login", { user: "bob", password: PASSWORD, name: "bobs" }),
    ],
    ["tokenCreate", "token.create", "token:script", () => call("/tokens", { name: "ci" })],
    ["tokenRevoke", "token.revoke", "token:script", () => remove("/tokens/ci")],
    ["userRemove", "user.remove", "token:script", () => remove("/users/bob")],
    ["envoyRevoke", "envoy.revoke", "token:script", () => call("/envoys/app-1/revoke")],
    ["envoyRemove", "envoy.remove", "token:script", () => call("/envoys/app-1/remove")],
    [
      "sessionLogin",
      "session.login",
      "user:ann",
      () => call("/session", { name: "ann", password: PASSWORD }),
    ],
    ["sessionEnd", "session.end", "user:ann", async () => {
      const { json } = await asAnn("GET", "/sessions");
      const other = sessionList.answer.parse(json).sessions.find(({ current }) => !current);
      return await asAnn("DELETE", `/sessions/${other?.id}`);
    }],
    [
      "sessionPassword",
      "user.password",
      "user:ann",
      () =>
        asAnn("POST", "/session/password", {
          current: PASSWORD,
          password: "another long password",
        }),
    ],
    ["sessionLogout", "session.logout", "user:ann", () => asAnn("DELETE", "/session")],
  ];

  await t.step("every write of the contract is walked, here or where it can be", async () => {
    const walked = new Set<string>([...writes.map(([name]) => name), ...READS]);
    const missing: string[] = [];
    for (const [name, { method }] of Object.entries(CONTRACT)) {
      if (method === "GET" || walked.has(name)) continue;
      // Names of the table are names of the contract; others are not in it.
      const [file, action] = ELSEWHERE[name as Name] ?? [];
      const isTested = file !== undefined &&
        (await Deno.readTextFile(join(repository, file))).includes(`"${action}"`);
      if (!isTested) missing.push(name);
    }
    assert.deepEqual(missing, [], "add a step here that does it, and looks for its record");
  });

  for (const [name, action, who, write] of writes) {
    await t.step(`${name} is recorded as ${action}`, async () => {
      const before = (await records(server))[0]?.seq ?? 0;
      const answer = await write();
      assert.equal(answer.status, 200, answer.text);
      const made = (await records(server)).filter(({ seq }) => seq > before);
      const record = made.find((one) => one.action === action);
      assert.ok(record, `${made.map((one) => one.action).join(", ")}`);
      if (who !== "") assert.equal(record.principal, who);
    });
  }

  await t.step("an operator's note stands beside the principal, not in its place", async () => {
    const answer = await call("/config/freeze", {
      untilMs: Date.now() + 3_600_000,
      reason: "test",
      operator: "local-root",
    });
    assert.equal(answer.status, 200, configFreeze.path + answer.text);
    const [record] = await records(server);
    assert.deepEqual([record?.principal, record?.payload["operator"]], [
      "token:script",
      "local-root",
    ]);
  });

  await t.step("a list is paged and filtered", async () => {
    const all = await records(server);
    const seen: number[] = [];
    let cursor: string | null = null;
    do {
      const more: string = cursor === null ? "" : `&cursor=${cursor}`;
      const page = auditList.answer.parse((await server.api(`/audit?limit=7${more}`)).json);
      seen.push(...page.records.map(({ seq }) => seq));
      cursor = page.nextCursor;
    } while (cursor !== null);
    assert.deepEqual(seen, all.map(({ seq }) => seq));
    const anns = await vigocli(root, "audit", "list", "--principal", "user:ann", "--json");
    const { records: found } = auditList.answer.parse(JSON.parse(anns.stdout));
    assert.deepEqual(new Set(found.map(({ principal }) => principal)), new Set(["user:ann"]));
  });

  await t.step("an export verifies without the server, and shows what was done to it", async () => {
    const file = root.join("audit.jsonl");
    assert.equal((await vigocli(root, "audit", "export", "--output", file)).code, 0);
    const { publicKey, headHash } = auditVerify.answer.parse(
      (await server.api("/audit/verify")).json,
    );
    const check = (...more: string[]) => vigocli(root, "audit", "verify", "--file", file, ...more);
    const intact = await check("--key", publicKey, "--head", headHash);
    assert.equal(intact.code, 0, intact.stderr);
    assert.match(intact.stdout, /^Intact: \d+ records, head \d+:[0-9a-f]{64}\n$/);
    const text = await Deno.readTextFile(file);
    assert.ok(text.includes('{"head":'), "its end is signed");
    await Deno.writeTextFile(file, text.replace('"action":"envoy.tag"', '"action":"envoy.tug"'));
    const changed = await check();
    assert.equal(changed.code, 1);
    assert.match(
      changed.stderr,
      /^error: The audit chain is broken at record \d+: record \d+ was changed\n$/m,
    );
    await Deno.writeTextFile(file, text.split("\n").slice(0, 6).join("\n"));
    assert.match((await check()).stderr, /the export was cut off before record \d+/);
  });

  await t.step("a head that was kept elsewhere must still be in the server's chain", async () => {
    const printed = /head (\d+:[0-9a-f]{64})/.exec((await vigocli(root, "audit", "verify")).stdout);
    const head = printed?.[1] ?? assert.fail();
    assert.equal((await call("/db/vacuum")).status, 200);
    assert.equal((await vigocli(root, "audit", "verify", "--head", head)).code, 0);
    const gone = await vigocli(root, "audit", "verify", "--head", "ab".repeat(32));
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /no record has the hash abab/);
    assert.equal((await vigocli(root, "audit", "verify", "--head", "nothing")).code, 2);
  });
});

Deno.test("kill -9 in the middle of writes leaves a whole chain with every act that was answered", async () => {
  await using root = await TemporaryRoot.create();
  await ServerProcess.configure(root);
  const answered: string[] = [];
  for (let round = 0; round < 2; round += 1) {
    await using server = await ServerProcess.start(root);
    const goal = answered.length + 15;
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    const write = async (worker: number) => {
      for (let count = 0;; count += 1) {
        const name = `t-${round}-${worker}-${count}`;
        const answer = await server.api("/tokens", { method: "POST", json: { name } });
        assert.equal(answer.status, 200, answer.text);
        answered.push(name);
        if (answered.length >= goal) reach();
      }
    };
    const writers = Promise.allSettled([0, 1, 2, 3].map(write));
    await reached;
    await server.process.kill();
    await writers;
  }
  await using server = await ServerProcess.start(root);
  const verdict = auditVerify.answer.parse((await server.api("/audit/verify")).json);
  assert.deepEqual([verdict.intact, verdict.reason], [true, ""]);
  const recorded = new Set((await records(server)).map(({ payload }) => payload["name"]));
  assert.deepEqual(answered.filter((name) => !recorded.has(name)), []);
});

Deno.test("a chain that was shortened while the server was away is told at its next start", async () => {
  await using root = await TemporaryRoot.create();
  await ServerProcess.configure(root);
  {
    await using server = await ServerProcess.start(root);
    for (const name of ["a", "b", "c"]) {
      assert.equal((await server.api("/tokens", { method: "POST", json: { name } })).status, 200);
    }
    // Signs the head on its way out.
    assert.deepEqual(await server.process.stop(), { code: 0, signal: null });
  }
  const database = new DatabaseSync(root.join("srv/vigo/db/vigo.db"));
  database.exec("DELETE FROM audit_records WHERE seq > 1");
  database.close();
  await using server = await ServerProcess.start(root);
  const verified = await vigocli(root, "audit", "verify");
  assert.equal(verified.code, 1);
  assert.match(
    verified.stderr,
    /broken at record 2: the chain was cut: record 3 was its head once/,
  );
  assert.equal((await vigocli(root, "audit", "export")).code, 0, "what is left can be kept");
  await server.process.stop();
  assert.match(server.process.output(), /audit chain is broken: record 3/);
});
