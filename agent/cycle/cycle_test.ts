import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { envoyDocument, subsystems } from "../../shared/config/document_fixture.ts";
import { type BundleResource, merkleRoot } from "../../shared/config/policy_bundle.ts";
import { OUTCOMES, type RunReport } from "../../shared/config/run_report.ts";
import { generateEd25519, loadVerifier } from "../../shared/crypto/ed25519.ts";
import { type DocumentKind, sealDocument } from "../../shared/canonical/signed_document.ts";
import {
  CheckInRequest,
  CheckInResponse,
  ReportResultRequest,
  ResolveSecretsRequest,
  ResolveSecretsResponse,
  type SignedDocument,
} from "../../shared/proto/agent.ts";
import { SecretKeeper } from "../secrets/secret_keeper.ts";
import { AgentDatabase } from "../store/agent_database.ts";
import { withSecret } from "../../tests/support/resource_with_secret.ts";
import type { Collector } from "../traits/collector.ts";
import { fakeSystem } from "../traits/fake_system.ts";
import { TraitKeeper } from "../traits/trait_keeper.ts";
import { Cycle } from "./cycle.ts";
import { NO_SWARM, type SwarmFacts } from "./swarm_facts.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { fakeGateway } from "../server_link/fake_gateway.ts";
import { fakeLog } from "../runtime/fake_log.ts";
import { HeldDocuments } from "../documents/held_documents.ts";
import type { ApplyRequest } from "../apply/policy_applier.ts";
import { readHeartbeat } from "./run_summary.ts";
import { SignedCaller } from "../server_link/signed_caller.ts";

const { envoyUuid: UUID } = envoyDocument();
const server = generateEd25519().signer;

function bundle(serial: number, resources: BundleResource[] = []): SignedDocument {
  return seal("policyBundle", {
    schema: 1,
    envoyUuid: UUID,
    serial,
    policyVersion: `v${serial}`,
    root: merkleRoot(resources).toHex(),
    issuedAtMs: 1,
    resources,
  });
}

/** Of an envoy that has no part in the swarm. */
function documentOf(bundleMaxAgeMs: number): SignedDocument {
  const swarm = { enabled: false, seeder: false, subsystems: subsystems() };
  return seal("envoyDocument", envoyDocument({ checkin: { bundleMaxAgeMs }, swarm }));
}

function seal(kind: DocumentKind, value: unknown): SignedDocument {
  const sealed = sealDocument(kind, value, server);
  return { payload: Buffer.from(sealed.payload), signature: Buffer.from(sealed.signature) };
}

const steady: Collector = { name: "os", kind: "stable", collect: () => Promise.resolve("debian") };

/** An agent without machine or network: answers come from `answer`, runs come to `outcome`. */
class Rig implements AsyncDisposable {
  readonly checkIns: CheckInRequest[] = [];
  readonly reported: string[] = [];
  readonly applied: ApplyRequest[] = [];
  readonly clock = new FakeClock();
  readonly log = fakeLog();
  readonly db: AgentDatabase;
  readonly cycle: Cycle;
  readonly secrets: SecretKeeper;
  /** What the runs found at "db/password". */
  readonly seenSecrets: string[] = [];
  /** What the server gives for every path. */
  secret = "hunter2";
  secretEpoch = 5;
  answer: (request: CheckInRequest) => Partial<CheckInResponse> | undefined = () => ({});
  reportAnswer: "taken" | "lost" | "refused for good" = "taken";
  outcome: typeof OUTCOMES[number] = "none";
  /** What a run tells of resources, each of which names the load. */
  told: RunReport["resources"] = [];
  load = 1;
  swarm: SwarmFacts = NO_SWARM;

  private constructor(readonly folder: string) {
    this.db = AgentDatabase.open(`${folder}/agent.db`);
    const verifier = loadVerifier(server.publicKey);
    const loads: Collector = {
      name: "loadavg",
      kind: "volatile",
      collect: () => Promise.resolve({ one: this.load }),
    };
    const gateway = fakeGateway({
      call: (method, request) => {
        if (method === "ResolveSecrets") return this.#resolve(request.body);
        return method === "CheckIn" ? this.#hear(request.body) : this.#take(request.body);
      },
    });
    const caller = new SignedCaller({
      gateway,
      envoyUuid: UUID,
      signer: generateEd25519().signer,
      serverVerifier: verifier,
      clockOffsetMs: 0,
      nowMs: () => this.clock.nowMs(),
      onClockOffset: () => {},
    });
    this.secrets = new SecretKeeper(caller, this.log);
    this.cycle = new Cycle({
      agentVersion: "0.0.0",
      self: { root: "/", executable: "/usr/bin/vigo", hostname: "web-1" },
      db: this.db,
      held: new HeldDocuments(this.db, verifier, UUID),
      caller,
      secrets: this.secrets,
      traits: new TraitKeeper([steady, loads], fakeSystem(), 10),
      apply: (policy, request) => {
        this.applied.push(request);
        const found = this.secrets.get("db/password");
        this.seenSecrets.push(found.ok ? found.secret.reveal() : found.reason);
        return Promise.resolve({
          report: this.#report(policy.root, request),
          pendingNotifications: [],
          filled: new Map(
            this.told.map(({ id }) => [id, { digest: `with load ${this.load}` }]),
          ),
          unwanted: new Set(),
        });
      },
      log: this.log,
      bundleMaxAgeMs: undefined,
      nowMs: () => this.clock.nowMs(),
      intervalMs: () => 60_000,
      rssBytes: () => 50 * 2 ** 20,
      observedHostname: () => "web-1",
      lanAddress: () => Promise.resolve("10.0.0.2"),
      swarm: () => this.swarm,
    });
  }

  static async create(): Promise<Rig> {
    return new Rig(await Deno.makeTempDir());
  }

  run(dryRun = false) {
    const signal = new AbortController().signal;
    return this.cycle.run({ trigger: "interval", dryRun, force: false, signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.db.close();
    await Deno.remove(this.folder, { recursive: true });
  }

  #hear(body: Uint8Array) {
    const request = CheckInRequest.decode(body);
    this.checkIns.push(request);
    const answer = this.answer(request);
    if (!answer) return AWAY;
    const token = Buffer.from(`token-${this.checkIns.length}`);
    const full = CheckInResponse.fromPartial({ cloneToken: token, ...answer });
    return { ok: true, value: CheckInResponse.encode(full).finish() } as const;
  }

  #resolve(body: Uint8Array) {
    const secrets = ResolveSecretsRequest.decode(body).paths.map((path) => ({
      path,
      value: Buffer.from(this.secret),
      missing: false,
    }));
    const value = ResolveSecretsResponse.encode({ secrets, epoch: this.secretEpoch }).finish();
    return { ok: true, value } as const;
  }

  #take(body: Uint8Array) {
    if (this.reportAnswer === "lost") return AWAY;
    if (this.reportAnswer === "refused for good") {
      const failure = { message: "malformed", clockSuspected: false, isPermanent: true };
      return { ok: false, failure } as const;
    }
    this.reported.push(ReportResultRequest.decode(body).runId);
    return { ok: true, value: new Uint8Array() } as const;
  }

  #report(root: string, { runId, trigger, dryRun }: ApplyRequest): RunReport {
    const counts = Object.fromEntries(
      OUTCOMES.map((name) => [name, name === this.outcome ? 1 : 0]),
    ) as RunReport["counts"]; // Every outcome is a key by construction.
    return {
      schema: 1,
      runId,
      policyVersion: "v",
      root,
      startedAtMs: this.clock.nowMs(),
      durationMs: 5,
      trigger,
      dryRun,
      counts,
      resources: this.told,
      truncated: false,
    };
  }
}

const AWAY = { ok: false, failure: { message: "away", clockSuspected: false } } as const;

Deno.test("a check-in carries the last token, the bundle held and only the volatile traits that changed", async () => {
  await using rig = await Rig.create();
  rig.answer = ({ stateFingerprint }) => stateFingerprint.length === 0 ? { bundle: bundle(7) } : {};
  await rig.run();
  await rig.run();
  rig.load = 2;
  await rig.run();
  const [first, second, third] = rig.checkIns;
  assert.equal(first?.cloneToken.length, 0);
  assert.equal(second?.cloneToken.toString(), "token-1");
  assert.equal(second?.bundleSerial, 7);
  assert.equal(second?.policyVersion, "v7");
  assert.equal(second?.stateFingerprint.toString("hex"), merkleRoot([]).toHex());
  const sent = (request?: CheckInRequest) =>
    Object.keys(JSON.parse(request?.volatileTraits.toString() || "{}"));
  assert.deepEqual(sent(first), ["agent_self", "loadavg"]);
  assert.deepEqual(sent(second), []);
  assert.deepEqual(sent(third), ["loadavg"]);
  assert.equal(third?.heartbeat?.inSync, 1);
});

Deno.test("stable traits travel only when they are asked for", async () => {
  await using rig = await Rig.create();
  rig.answer = ({ stableTraits }) => ({ wantTraits: stableTraits.length === 0 });
  await rig.run();
  assert.deepEqual(rig.checkIns.map(({ stableTraits }) => stableTraits.toString()), [
    "",
    '{"os":"debian"}',
  ]);
  assert.ok(
    (rig.checkIns[1]?.volatileTraits.length ?? 0) > 0,
    "a server that forgot gets them all",
  );
});

Deno.test("a server that never stops asking is asked no more than three times", async () => {
  await using rig = await Rig.create();
  rig.answer = () => ({ wantTraits: true });
  await rig.run();
  assert.equal(rig.checkIns.length, 3);
});

Deno.test("a run that changed nothing is a heartbeat; one that did is reported; a dry one is neither", async () => {
  await using rig = await Rig.create();
  rig.answer = () => ({ bundle: bundle(1) });
  await rig.run();
  assert.deepEqual(rig.reported, []);
  rig.outcome = "updated";
  await rig.run();
  assert.equal(rig.reported.length, 1);
  await rig.run(true);
  assert.equal(rig.reported.length, 1);
  assert.equal(rig.applied.at(-1)?.dryRun, true);
});

Deno.test("runs are numbered and their changes counted, also after a restart and a clock set back", async () => {
  await using rig = await Rig.create();
  rig.answer = () => ({ bundle: bundle(1) });
  const heartbeats: [number, number][] = [];
  for (const outcome of ["updated", "created", "none", "updated"] as const) {
    rig.outcome = outcome;
    await rig.run();
    await rig.run(true);
    const kept = readHeartbeat(rig.db.fact("heartbeat"));
    heartbeats.push([kept?.serial ?? 0, kept?.changeStreak ?? 0]);
  }
  assert.deepEqual(heartbeats.map(([, streak]) => streak), [1, 2, 0, 1]);
  const serials = heartbeats.map(([serial]) => serial);
  assert.deepEqual(serials, [...new Set(serials)].sort((a, b) => a - b));
  await rig.run();
  const { heartbeat } = rig.checkIns.at(-1) ?? {};
  assert.equal(heartbeat?.serial, serials.at(-1));
  assert.equal(heartbeat?.root.toString("hex"), merkleRoot([]).toHex());
});

Deno.test("the secrets of a bundle are there before it is applied, and follow the epoch that the server tells", async () => {
  await using rig = await Rig.create();
  const signed = bundle(1, [withSecret("db/password")]);
  rig.answer = ({ bundleSerial }) => ({
    secretEpoch: rig.secretEpoch,
    ...(bundleSerial === 0 ? { bundle: signed } : {}),
  });
  await rig.run();
  rig.secret = "hunter3";
  await rig.run();
  rig.secretEpoch = 6;
  await rig.run();
  assert.deepEqual(rig.seenSecrets, ["hunter2", "hunter2", "hunter3"]);
  await rig.run();
  assert.deepEqual(rig.checkIns.map(({ secretEpoch }) => secretEpoch), [0, 5, 5, 6]);
  rig.answer = () => undefined;
  await rig.run();
  assert.equal(
    rig.seenSecrets.at(-1),
    "hunter3",
    "what is in memory stays while the server is away",
  );
  // With the write-ahead log.
  for await (const { name } of Deno.readDir(rig.folder)) {
    const kept = await Deno.readFile(`${rig.folder}/${name}`);
    assert.equal(Buffer.from(kept).includes("hunter"), false, name);
  }
});

Deno.test("what a template became on the machine decides whether a change was intended", async () => {
  await using rig = await Rig.create();
  const file = withSecret("db/password");
  rig.answer = ({ bundleSerial }) => bundleSerial === 0 ? { bundle: bundle(1, [file]) } : {};
  rig.outcome = "updated";
  rig.told = [{ id: file.id, crate: file.crate, outcome: "updated", durationMs: 1 }];
  const causes: (string | undefined)[] = [];
  for (const load of [1, 1, 2, 2]) {
    rig.load = load;
    causes.push((await rig.run()).report?.resources[0]?.cause);
  }
  assert.deepEqual(causes, ["intentional", "corrective", "intentional", "corrective"]);
});

Deno.test("without a server the held bundle is applied for a day after the last answer, no longer", async () => {
  await using rig = await Rig.create();
  rig.answer = () => ({ bundle: bundle(1) });
  await rig.run();
  rig.answer = () => undefined;
  await rig.clock.advance(86_400_000);
  const outcome = await rig.run();
  assert.equal(outcome.failure?.message, "away");
  assert.equal(rig.applied.at(-1)?.trigger, "offline");
  await rig.clock.advance(1);
  const late = await rig.run();
  assert.match(late.notApplied ?? "", /bundle_max_age/);
  assert.equal(rig.applied.length, 2);
});

Deno.test("how long a bundle stays in force without a server is the server's to say", async () => {
  await using rig = await Rig.create();
  rig.answer = () => ({ bundle: bundle(1), envoyDocument: documentOf(3_600_000) });
  await rig.run();
  rig.answer = () => undefined;
  await rig.clock.advance(3_600_001);
  const late = await rig.run();
  assert.match(late.notApplied ?? "", /bundle_max_age/);
});

Deno.test("before the first policy there is nothing to apply, and that is no failure", async () => {
  await using rig = await Rig.create();
  const outcome = await rig.run();
  assert.equal(outcome.notApplied, "no policy was received yet");
  assert.equal(outcome.failure, undefined);
});

Deno.test("reports wait in order while they cannot be sent, and go out in order", async () => {
  await using rig = await Rig.create();
  rig.answer = () => ({ bundle: bundle(1) });
  rig.outcome = "updated";
  rig.reportAnswer = "lost";
  await rig.run();
  await rig.run();
  assert.equal(rig.db.countReports(), 2);
  rig.reportAnswer = "taken";
  await rig.run();
  assert.deepEqual(rig.reported, rig.applied.map(({ runId }) => runId));
  assert.equal(rig.db.countReports(), 0);
});

Deno.test("a report that the server will never take does not block those behind it and is counted", async () => {
  await using rig = await Rig.create();
  rig.answer = () => ({ bundle: bundle(1) });
  rig.outcome = "failed";
  rig.reportAnswer = "refused for good";
  await rig.run();
  assert.equal(rig.db.countReports(), 0);
  await rig.run();
  assert.equal(rig.checkIns.at(-1)?.droppedReports, 1);
});

Deno.test("a clock that differs is corrected by the server's answer, small differences are left", async () => {
  await using rig = await Rig.create();
  rig.answer = () => ({ serverTimeMs: rig.clock.nowMs() + 400 });
  await rig.run();
  rig.answer = () => ({ serverTimeMs: rig.clock.nowMs() + 90_000 });
  await rig.run();
  await rig.run();
  const offsets = rig.checkIns.map(({ volatileTraits }) =>
    JSON.parse(volatileTraits.toString() || "{}").agent_self?.clock_offset_ms
  );
  assert.deepEqual(offsets, [0, undefined, 90_000]);
});

Deno.test("a bundle that does not verify is refused and the held one applied", async () => {
  await using rig = await Rig.create();
  rig.answer = () => ({ bundle: bundle(1) });
  await rig.run();
  rig.answer = () => ({ bundle: { payload: Buffer.from("{}"), signature: Buffer.alloc(64) } });
  const outcome = await rig.run();
  assert.match(outcome.refusedBundle ?? "", /signature/);
  assert.ok(rig.log.lines.some((line) => /policy bundle refused: signature/.test(line)));
  assert.equal(rig.applied.length, 2);
});

Deno.test("the peer server is announced at the configured address, else at the one on the LAN", async () => {
  await using rig = await Rig.create();
  const listening = { ...NO_SWARM, manifestDigest: Uint8Array.of(1), port: 1531 };
  await rig.run();
  rig.swarm = { ...listening, announced: "" };
  await rig.run();
  rig.swarm = { ...listening, announced: "192.0.2.9:9000" };
  await rig.run();
  assert.deepEqual(rig.checkIns.map(({ swarmAddress }) => swarmAddress), [
    "",
    "10.0.0.2:1531",
    "192.0.2.9:9000",
  ]);
});
