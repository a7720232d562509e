import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { Refusal_Reason } from "../../shared/proto/agent.ts";
import { agentPaths } from "../../agent/store/agent_paths.ts";
import { readEnrolment } from "../../agent/store/identity.ts";
import { eventually } from "../support/eventually.ts";
import { TestProcess } from "../support/process.ts";
import { type CommandResult, runCommand } from "../support/run_command.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";

const MAIN = fileURLToPath(new URL("../../agent/main.ts", import.meta.url));
const TOKEN = "vget_0123456789abcdefghij";

/** One agent under a root of its own, as its operator would use it. */
class TestAgent implements AsyncDisposable {
  readonly paths: ReturnType<typeof agentPaths>;
  #daemon: TestProcess | undefined;

  private constructor(readonly server: ScriptedServer, readonly root: TemporaryRoot) {
    this.paths = agentPaths(rootPaths(root.path));
  }

  static async create(server: ScriptedServer): Promise<TestAgent> {
    return new TestAgent(server, await TemporaryRoot.create());
  }

  static async enrolled(server: ScriptedServer): Promise<TestAgent> {
    const agent = await TestAgent.create(server);
    const result = await agent.bootstrap();
    assert.equal(result.code, 0, result.stderr);
    return agent;
  }

  bootstrap(pin = this.server.pin): Promise<CommandResult> {
    return this.vigo(
      ["bootstrap", "--server", this.server.rest, "--hostname", "web-1", "--pin", pin],
      { VIGO_TOKEN: TOKEN },
    );
  }

  vigo(args: readonly string[], env: Record<string, string> = {}): Promise<CommandResult> {
    return runCommand(Deno.execPath(), this.#args(args), { env });
  }

  async uuid(): Promise<string> {
    return (await readEnrolment(this.paths.configFolder))?.envoyUuid ?? "";
  }

  start(): TestProcess {
    const args = this.#args(["daemon", "--log-level", "debug"]);
    this.#daemon = TestProcess.start(Deno.execPath(), args);
    return this.#daemon;
  }

  /** Resources of a policy with one file, which exists below this root. */
  fileResource(name: string, content: string) {
    const path = this.root.join(name);
    return { id: `file:${path}`, type: "file", name: path, params: { path, content } };
  }

  async read(name: string): Promise<string | undefined> {
    try {
      return await Deno.readTextFile(this.root.join(name));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon?.[Symbol.asyncDispose]();
    await this.root[Symbol.asyncDispose]();
  }

  #args(args: readonly string[]): readonly string[] {
    return ["run", "-A", "--no-prompt", MAIN, ...args, "--root", this.root.path];
  }
}

Deno.test("bootstrap enrols once, over a pinned connection alone", async () => {
  await using server = await ScriptedServer.start();
  await using agent = await TestAgent.create(server);
  const blind = await agent.vigo(["bootstrap", "--server", server.rest], { VIGO_TOKEN: TOKEN });
  assert.equal(blind.code, 2);
  assert.match(blind.stderr, /^error: Cannot trust a server that is not named: give --pin/);
  const wrong = await agent.bootstrap(`sha256//${new Uint8Array(32).toBase64()}`);
  assert.equal(wrong.code, 4);
  assert.match(wrong.stderr, /^error: Refusing to talk to .*its key has pin/);
  assert.deepEqual(server.enrolments, [], "nothing was sent to a server with another key");

  const first = await agent.bootstrap();
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^Enrolled as web-1 \([0-9a-f-]{36}\)/);
  const second = await agent.bootstrap();
  assert.equal(second.code, 3);
  assert.match(second.stderr, /already enrolled as web-1/);
});

Deno.test("the daemon applies its policy, heals drift, reports, answers its sockets and stops", async () => {
  await using server = await ScriptedServer.start();
  await using agent = await TestAgent.enrolled(server);
  const uuid = await agent.uuid();
  const bundle = server.bundle(uuid, [agent.fileResource("motd", "hello\n")]);
  server.script = (request) => ({
    wantTraits: request.stableTraits.length === 0 && server.checkIns.length === 1,
    ...(request.stateFingerprint.length === 0 ? { bundle } : { noChange: true }),
  });
  const daemon = agent.start();
  await eventually("the file is there", async () => await agent.read("motd") === "hello\n");
  await eventually("the run is reported", () => server.reports.length === 1);
  assert.equal(server.reports[0]?.counts.created, 1);
  assert.ok(server.checkIns.some(({ stableTraits }) => stableTraits.length > 0));

  await Deno.writeTextFile(agent.root.join("motd"), "drifted\n");
  await eventually("the drift is healed", async () => await agent.read("motd") === "hello\n");

  const status = await agent.vigo(["status", "--json"]);
  assert.equal(JSON.parse(status.stdout).envoyUuid, uuid);
  assert.equal(JSON.parse(status.stdout).pid, daemon.pid);
  const run = await agent.vigo(["run"]);
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stdout, /^1 resource: 1 in sync/m);
  assert.equal(((await Deno.stat(agent.paths.controlSocket)).mode ?? 0) & 0o777, 0o600);
  assert.equal(((await Deno.stat(agent.paths.agentSocket)).mode ?? 0) & 0o777, 0o666);

  const second = await agent.vigo(["daemon"]);
  assert.equal(second.code, 3);
  assert.match(second.stderr, new RegExp(`vigo daemon \\(pid ${daemon.pid}\\)`));

  assert.deepEqual(await daemon.stop(5_000), { code: 0, signal: null });
  await assert.rejects(Deno.stat(agent.paths.agentSocket), Deno.errors.NotFound);
});

Deno.test("a push makes the agent check in at once; tokens and volatile traits follow the protocol", async () => {
  await using server = await ScriptedServer.start();
  await using agent = await TestAgent.enrolled(server);
  server.script = () => ({ noChange: true, intervalMs: 86_400_000 });
  agent.start();
  await eventually("the stream is open", () => server.hellos.length === 1);
  const before = server.checkIns.length;
  server.push();
  await eventually("it checked in", () => server.checkIns.length > before);
  server.checkIns.slice(1).forEach(({ cloneToken }, index) =>
    assert.equal(cloneToken.toString(), `token-${index + 1}`)
  );
});

Deno.test("bundles with a wrong signature, envoy or serial are refused and the last good one stays", async () => {
  await using server = await ScriptedServer.start();
  await using agent = await TestAgent.enrolled(server);
  const uuid = await agent.uuid();
  const resource = (content: string) => [agent.fileResource("motd", content)];
  const good = server.bundle(uuid, resource("good\n"), { serial: 10 });
  const bad = [
    server.bundle(uuid, resource("forged\n"), { serial: 11 }, generateEd25519().signer),
    server.bundle(crypto.randomUUID(), resource("foreign\n"), { serial: 11 }),
    server.bundle(uuid, resource("old\n"), { serial: 9 }),
    server.bundle(uuid, resource("rootless\n"), { serial: 11, root: "0".repeat(64) }),
  ];
  server.script = ({ stateFingerprint }) => {
    if (stateFingerprint.length === 0) return { bundle: good };
    const next = bad.shift();
    return next ? { bundle: next } : { noChange: true };
  };
  const daemon = agent.start();
  for (
    const reason of [/signature of policyBundle/, /is for envoy/, /lower than 10/, /names root/]
  ) {
    await daemon.waitForLine(new RegExp(`policy bundle refused.*${reason.source}`));
  }
  await eventually("all were offered", () => bad.length === 0);
  assert.equal(await agent.read("motd"), "good\n");
  assert.equal(server.checkIns.at(-1)?.bundleSerial, 10);
  await daemon.stop();
  server.script = () => ({
    bundle: server.bundle(uuid, resource("forged\n"), { serial: 12 }, generateEd25519().signer),
  });
  const run = await agent.vigo(["run", "--once"]);
  assert.equal(run.code, 1);
  assert.match(run.stderr, /sent a policy that was refused: signature/);
});

Deno.test("without a server the agent keeps converging, and sends what it did when the server is back", async () => {
  await using server = await ScriptedServer.start();
  await using agent = await TestAgent.enrolled(server);
  const bundle = server.bundle(await agent.uuid(), [agent.fileResource("motd", "hello\n")]);
  server.script = ({ stateFingerprint }) =>
    stateFingerprint.length === 0 ? { bundle } : { noChange: true };
  const daemon = agent.start();
  await eventually("the run is reported", () => server.reports.length === 1);
  await server.goAway();
  await daemon.waitForLine(/the server does not answer/);
  for (const drift of ["one\n", "two\n"]) {
    await Deno.writeTextFile(agent.root.join("motd"), drift);
    await eventually("it is healed", async () => await agent.read("motd") === "hello\n");
  }
  const runs = daemon.output().match(/"message":"run finished".*"trigger":"offline"/g) ?? [];
  assert.ok(runs.length > 0);
  await server.comeBack();
  await eventually("both runs are reported", () => server.reports.length === 3);
  assert.deepEqual(server.reports.map(({ trigger }) => trigger), ["start", "offline", "offline"]);
  const [, first, second] = server.reports;
  assert.ok((first?.startedAtMs ?? 0) < (second?.startedAtMs ?? 0), "in the order they happened");
});

Deno.test("kill -9 at any moment leaves an agent that starts again and converges", async () => {
  await using server = await ScriptedServer.start();
  await using agent = await TestAgent.enrolled(server);
  const uuid = await agent.uuid();
  let generation = 0;
  server.script = () => ({
    bundle: server.bundle(uuid, [
      agent.fileResource("motd", `generation ${++generation}\n`),
      agent.fileResource("other", `generation ${generation}\n`),
    ]),
  });
  const moments = [
    /vigo daemon started/,
    /policy bundle accepted/,
    /run finished/,
    /stream .* open/,
  ];
  for (const moment of moments) {
    const daemon = agent.start();
    await daemon.waitForLine(moment);
    await daemon.kill();
  }
  const daemon = agent.start();
  await daemon.waitForLine(/run finished/);
  assert.ok(!daemon.output().includes("damaged"));
  const [motd, other] = [await agent.read("motd"), await agent.read("other")];
  assert.match(motd ?? "", /^generation \d+\n$/);
  assert.match(other ?? "", /^generation \d+\n$/);
  assert.equal((await daemon.stop()).code, 0);
});

Deno.test("kill -9 during bootstrap leaves a root that can be bootstrapped", async () => {
  await using server = await ScriptedServer.start();
  await using agent = await TestAgent.create(server);
  await server.goAway();
  // The server is away: keys are made and kept, the answer never comes.
  assert.equal((await agent.bootstrap()).code, 4);
  const pending = await Deno.readTextFile(`${agent.paths.configFolder}/pending.json`);
  assert.ok(!pending.includes(TOKEN));
  await server.comeBack();
  assert.equal((await agent.bootstrap()).code, 0);
  const sent = JSON.parse(server.enrolments[0] ?? "{}");
  assert.equal(sent.csr, JSON.parse(pending).csr, "the same keys were used");
});

Deno.test("run --once needs no daemon, uses the cached policy offline, and says what failed by its status", async () => {
  await using server = await ScriptedServer.start();
  await using agent = await TestAgent.enrolled(server);
  const uuid = await agent.uuid();
  const empty = await agent.vigo(["run", "--once"]);
  assert.equal(empty.code, 0, empty.stderr);
  assert.match(empty.stdout, /Nothing applied: no policy was received yet/);

  const bundle = server.bundle(uuid, [agent.fileResource("motd", "hello\n")]);
  server.script = () => ({ bundle });
  const dry = await agent.vigo(["run", "--once", "--dry-run"]);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stdout, /would change +file:.*motd[\s\S]*\+hello/);
  assert.equal(await agent.read("motd"), undefined);
  const first = await agent.vigo(["run", "--once"]);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /created +file:/);

  await server.goAway();
  await Deno.remove(agent.root.join("motd"));
  const offline = await agent.vigo(["run", "--once"]);
  assert.equal(offline.code, 0, offline.stderr);
  assert.match(offline.stderr, /^Used the cached policy, since the server did not answer: /m);
  assert.equal(await agent.read("motd"), "hello\n");

  await server.comeBack();
  const failing = server.bundle(uuid, [agent.fileResource("missing/motd", "x\n")]);
  server.script = () => ({ bundle: failing });
  const failed = await agent.vigo(["run", "--once"]);
  assert.equal(failed.code, 1, failed.stdout);
  assert.equal(server.reports.at(-1)?.counts.failed, 1);
});

Deno.test("a certificate at two thirds of its life is renewed and used at once", async () => {
  await using server = await ScriptedServer.start();
  server.issuedAgoMs = 65 * 86_400_000;
  await using agent = await TestAgent.enrolled(server);
  const before = await Deno.readTextFile(`${agent.paths.configFolder}/client.pem`);
  server.issuedAgoMs = 0;
  const daemon = agent.start();
  await daemon.waitForLine(/certificate renewed/);
  const after = await Deno.readTextFile(`${agent.paths.configFolder}/client.pem`);
  assert.notEqual(before.split("-----END PRIVATE")[0], after.split("-----END PRIVATE")[0]);
  const checkIns = server.checkIns.length;
  await eventually("it checks in with the new one", () => server.checkIns.length > checkIns + 1);
  assert.equal(server.renewals, 1);
});

Deno.test("an expired certificate is renewed by the signing key, and the agent checks in again", async () => {
  await using server = await ScriptedServer.start();
  server.issuedAgoMs = 100 * 86_400_000;
  await using agent = await TestAgent.enrolled(server);
  server.issuedAgoMs = 0;
  const daemon = agent.start();
  await daemon.waitForLine(/certificate renewed/);
  await eventually("it checks in", () => server.checkIns.length > 0);
  assert.equal(server.expiredRenewals, 1);
});

Deno.test("a clock that keeps TLS from working is named with the way out, by the server's signature alone", async () => {
  const tenYearsMs = 10 * 365.25 * 86_400_000;
  await using server = await ScriptedServer.start({ clockAheadMs: tenYearsMs });
  await using agent = await TestAgent.enrolled(server);
  const daemon = agent.start();
  await daemon.waitForLine(
    /"level":"error".*clock is 10 years behind the server; set it or start vigo with --set-clock/,
  );
  assert.equal(server.checkIns.length, 0);
});

Deno.test("a revoked envoy says what to do; a suspected clone is told", async () => {
  await using server = await ScriptedServer.start();
  await using agent = await TestAgent.enrolled(server);
  server.script = () =>
    server.checkIns.length === 1
      ? { suspectedClone: true }
      : { refusal: { reason: Refusal_Reason.REVOKED, message: "revoked" } };
  const daemon = agent.start();
  await daemon.waitForLine(/two machines use this identity/);
  await daemon.waitForLine(/"level":"error".*this envoy was revoked/);
  const run = await agent.vigo(["run"]);
  assert.equal(run.code, 5, run.stderr);
  assert.match(run.stderr, /^error: Nothing applied: .*; this envoy was revoked; to join again /);
});

Deno.test("a damaged database is set aside, said so, and everything is fetched again", async () => {
  await using server = await ScriptedServer.start();
  await using agent = await TestAgent.enrolled(server);
  const bundle = server.bundle(await agent.uuid(), [agent.fileResource("motd", "hello\n")]);
  server.script = ({ stateFingerprint }) =>
    stateFingerprint.length === 0 ? { bundle } : { noChange: true };
  assert.equal((await agent.vigo(["run", "--once"])).code, 0);
  await Deno.writeTextFile(agent.paths.database, "not a database ".repeat(1_000));
  await Deno.remove(agent.root.join("motd"));
  const daemon = agent.start();
  await daemon.waitForLine(/"level":"error".*agent database is damaged.*set aside/);
  await eventually("the policy is back", async () => await agent.read("motd") === "hello\n");
});

Deno.test("a paused agent applies nothing and tells the server why, until it is resumed", async () => {
  await using server = await ScriptedServer.start();
  await using agent = await TestAgent.enrolled(server);
  const bundle = server.bundle(await agent.uuid(), [agent.fileResource("motd", "hello\n")]);
  server.script = (request) =>
    request.stateFingerprint.length === 0 ? { bundle } : { noChange: true };
  const before = await agent.vigo(["pause", "--for", "2h", "--reason", "moving the database"]);
  assert.equal(before.code, 0, before.stderr);
  assert.match(before.stdout, /No daemon runs here/);
  agent.start();
  await eventually("the server knows", () => {
    const last = server.checkIns.at(-1);
    return /: moving the database$/.test(last?.pausedReason ?? "") && last?.pausedUntilMs !== 0;
  });
  const status = await agent.vigo(["status"]);
  assert.match(status.stdout, /^Paused: +paused by .+ for another (2h|1h59m\d*s?): moving/m);
  const run = await agent.vigo(["run"]);
  assert.match(run.stdout, /^Nothing applied: paused by /);
  const look = await agent.vigo(["run", "--dry-run"]);
  assert.match(look.stdout, /1 would change/);
  assert.equal(await agent.read("motd"), undefined);

  const resumed = await agent.vigo(["resume"]);
  assert.match(resumed.stdout, /^Resumed\. The daemon tells the server now/);
  await eventually("the policy is applied", async () => await agent.read("motd") === "hello\n");
  assert.equal(server.checkIns.at(-1)?.pausedReason, "");
  assert.match((await agent.vigo(["resume"])).stdout, /was not paused/);
});

Deno.test("an undo puts back what a run overwrote, and pauses so that the next run does not", async () => {
  await using server = await ScriptedServer.start();
  await using agent = await TestAgent.enrolled(server);
  await Deno.writeTextFile(agent.root.join("motd"), "as it was\n");
  const bundle = server.bundle(await agent.uuid(), [agent.fileResource("motd", "hello\n")]);
  server.script = (request) =>
    request.stateFingerprint.length === 0 ? { bundle } : { noChange: true };
  assert.equal((await agent.vigo(["run", "--once"])).code, 0);
  assert.equal(await agent.read("motd"), "hello\n");
  const { runs } = JSON.parse((await agent.vigo(["undo", "--json"])).stdout);
  assert.deepEqual(runs[0].paths, [agent.root.join("motd")]);
  const run = runs[0].runId.slice(0, 8);
  assert.match((await agent.vigo(["undo", run, "--dry-run"])).stdout, /would be put back/);
  assert.equal(await agent.read("motd"), "hello\n");

  const undone = await agent.vigo(["undo", run]);
  assert.equal(undone.code, 0, undone.stderr);
  assert.equal(await agent.read("motd"), "as it was\n");
  assert.match((await agent.vigo(["run", "--once"])).stdout, /Nothing applied: paused by .*undone/);
  assert.equal(await agent.read("motd"), "as it was\n");
  const unknown = await agent.vigo(["undo", "0000-0000"]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /^error: Cannot undo run "0000-0000": nothing of it is kept/);
});
