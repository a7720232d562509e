import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { status } from "@grpc/grpc-js";
import { OUTCOMES } from "../../shared/config/run_report.ts";
import { serverTimeSchema } from "../../shared/config/server_time.ts";
import { generateEd25519, loadVerifier } from "../../shared/crypto/ed25519.ts";
import { openDocument } from "../../shared/canonical/signed_document.ts";
import { probeHandshake } from "../../shared/platform/client_certificate_probe.ts";
import { type CheckInRequest, type DeepPartial, Refusal_Reason } from "../../shared/proto/agent.ts";
import { makeCsr, RefusedCall } from "../../tests/support/simulated_envoy.ts";
import { SimulatedFleet } from "../../tests/support/simulated_fleet.ts";
import { loadOrCreateAuthority } from "../enroll/certificate_authority.ts";
import { readCsrPublicKey } from "../enroll/certificates.ts";
import { makeSelfTestIdentities } from "./self_test_identities.ts";

const DAY_MS = 86_400_000;

async function refusal(call: Promise<unknown>): Promise<RefusedCall> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RefusedCall) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "the call was answered" });
}

Deno.test("an envoy enrols, checks in, gets documents and bundle, and then hears of no change", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  assert.equal((await envoy.checkIn()).wantTraits, true);
  assert.equal((await envoy.settle()).noChange, true);
  assert.equal(envoy.bundle?.envoyUuid, envoy.identity.uuid);
  assert.equal(envoy.fleetSerial, server.fleet.fleetDocuments.serial);
  const resolved = server.resolver.calls;
  assert.equal((await envoy.checkIn()).noChange, true);
  assert.equal(server.resolver.calls, resolved, "nothing was resolved again");
});

Deno.test("a client without a certificate, and one of a foreign CA, are turned away by TLS", async () => {
  await using server = await SimulatedFleet.start();
  const { caCertificate: ca } = server.authority;
  const port = Number(server.address.split(":")[1]);
  const probe = { hostname: "127.0.0.1", port, ca, alpn: "h2" };
  const { member, stranger } = await makeSelfTestIdentities(server.authority, Date.now());
  assert.equal(await probeHandshake(probe), "refused");
  assert.equal(await probeHandshake({ ...probe, identity: stranger }), "refused");
  assert.equal(await probeHandshake({ ...probe, identity: member }), "served");
});

Deno.test("an expired certificate is turned away by TLS", async () => {
  await using server = await SimulatedFleet.start();
  const past = await loadOrCreateAuthority({
    tlsFolder: server.root.join("tls"),
    secretsFolder: server.root.join("secrets"),
    hostname: "vigo-1",
    sans: [],
    addresses: [],
    hasEnrolments: true,
    now: () => Date.now() - 100 * DAY_MS,
  });
  const { member } = await makeSelfTestIdentities(past, Date.now());
  const port = Number(server.address.split(":")[1]);
  const { caCertificate: ca } = server.authority;
  const probe = { hostname: "127.0.0.1", port, ca, alpn: "h2", identity: member };
  assert.equal(await probeHandshake(probe), "refused");
});

Deno.test("a revoked envoy's stream ends at once and its calls are refused", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  const stream = await envoy.openStream();
  const revoked = await server.fleet.envoys.revoke("web-1", "lost laptop", "local-root");
  assert.equal(revoked.ok, true);
  assert.equal((await stream.ended)?.reason, Refusal_Reason.REVOKED);
  assert.equal((await refusal(envoy.checkIn())).reason, Refusal_Reason.REVOKED);
  assert.equal((await refusal(envoy.openStream())).reason, Refusal_Reason.REVOKED);
  assert.deepEqual(server.fleet.fleetDocuments.current.value.revokedEnvoys, [envoy.identity.uuid]);
});

Deno.test("a revocation reaches the others' streams as a new fleet document", async () => {
  await using server = await SimulatedFleet.start();
  using witness = await server.envoy("web-1");
  const lost = await server.enrol("web-2");
  await witness.settle();
  const stream = await witness.openStream();
  await server.fleet.envoys.revoke("web-2", "", "local-root");
  const { fleetDocument } = await stream.next((message) => message.fleetDocument !== undefined);
  assert.match(fleetDocument?.payload.toString() ?? "", new RegExp(lost.uuid));
});

Deno.test("a replayed request is refused, and so is one whose body, stamp or nonce was altered", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  const request = envoy.sign("CheckIn", envoy.checkInBody());
  await envoy.sendCheckIn(request);
  assert.equal((await refusal(envoy.sendCheckIn(request))).reason, Refusal_Reason.REPLAY);
  const alterations = [
    { ...request, body: Buffer.concat([request.body, Buffer.of(0)]) },
    { ...request, timestampMs: request.timestampMs + 1 },
    { ...request, nonce: Buffer.from(crypto.getRandomValues(new Uint8Array(16))) },
    { ...request, signature: Buffer.alloc(64) },
  ];
  for (const altered of alterations) {
    assert.equal((await refusal(envoy.sendCheckIn(altered))).reason, Refusal_Reason.BAD_SIGNATURE);
  }
});

Deno.test("a signature for one method is worth nothing to another", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  const body = envoy.checkInBody();
  const foreign = envoy.sign("CheckIn", body, { method: "ReportResult" });
  assert.equal((await refusal(envoy.sendCheckIn(foreign))).reason, Refusal_Reason.MALFORMED);
  foreign.method = "CheckIn";
  assert.equal((await refusal(envoy.sendCheckIn(foreign))).reason, Refusal_Reason.BAD_SIGNATURE);
});

Deno.test("a clock that is off by more than five minutes is told the server's signed time", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  for (const skewMs of [-6 * 60_000, 6 * 60_000]) {
    const nonce = crypto.getRandomValues(new Uint8Array(16));
    const tampering = { timestampMs: Date.now() + skewMs, nonce };
    const refused = await refusal(envoy.checkIn({}, tampering));
    assert.equal(refused.reason, Refusal_Reason.CLOCK);
    const time = refused.refusal?.serverTime;
    assert.ok(time);
    const verifier = loadVerifier(Uint8Array.fromBase64(envoy.identity.serverKey));
    const opened = openDocument("serverTime", time, verifier, serverTimeSchema);
    assert.equal(opened.ok && opened.value.nonce, nonce.toHex());
  }
  assert.equal((await envoy.checkIn({}, { timestampMs: Date.now() + 60_000 })).wantTraits, true);
});

Deno.test("a request stamped before the server started must be signed again with a new nonce", async () => {
  await using first = await SimulatedFleet.start();
  using envoy = await first.envoy("web-1");
  const before = Date.now() - 1;
  const refused = await refusal(envoy.checkIn({}, { timestampMs: before - 60_000 }));
  assert.equal(refused.reason, Refusal_Reason.RETRY_NEW_NONCE);
  assert.ok(refused.refusal?.serverTime, "with the clock that it must exceed");
});

Deno.test("a certificate and a signature of two envoys are refused together", async () => {
  await using server = await SimulatedFleet.start();
  using one = await server.envoy("web-1");
  const other = await server.enrol("web-2");
  using mixed = await server.envoy("web-1", { identity: one.identity, tls: other });
  assert.equal((await refusal(mixed.checkIn())).reason, Refusal_Reason.WRONG_ENVOY);
  const claimed = one.checkIn({}, { envoyUuid: other.uuid });
  assert.equal((await refusal(claimed)).reason, Refusal_Reason.WRONG_ENVOY);
});

Deno.test("a check-in over a limit or of another shape is refused as malformed", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  const wrong: DeepPartial<CheckInRequest>[] = [
    { agentVersion: "x".repeat(65) },
    { intervalMs: 10 },
    { stateFingerprint: Buffer.alloc(31) },
    { traitsDigest: Buffer.alloc(0) },
    { volatileTraits: Buffer.from("[]") },
    { volatileTraits: Buffer.alloc(17 * 1024, "1") },
    { stableTraits: Buffer.from('{"not":"the digest"}') },
  ];
  for (const changes of wrong) {
    assert.equal((await refusal(envoy.checkIn(changes))).reason, Refusal_Reason.MALFORMED);
  }
  const garbage = envoy.sign("CheckIn", Uint8Array.of(0xff, 0xff, 0xff));
  assert.equal((await refusal(envoy.sendCheckIn(garbage))).reason, Refusal_Reason.MALFORMED);
});

Deno.test("a number that no message can mean is malformed, and a stamp that is far ahead is a matter of clocks", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  const giant = envoy.checkIn({ envoySerial: 2 ** 60 });
  assert.equal((await refusal(giant)).reason, Refusal_Reason.MALFORMED);
  const ahead = envoy.checkIn({}, { timestampMs: Number.MAX_SAFE_INTEGER });
  assert.equal((await refusal(ahead)).reason, Refusal_Reason.CLOCK);
});

Deno.test("a failure of the server is not blamed on the request", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  server.fleet.renewals.renew = () => Promise.reject(new RangeError("the server's own"));
  const failed = await refusal(envoy.renew(new Uint8Array(10)));
  assert.deepEqual([failed.code, failed.reason], [status.INTERNAL, undefined]);
});

Deno.test("a certificate that binds another signing key than its envoy enrolled with is refused", async () => {
  await using server = await SimulatedFleet.start();
  const identity = await server.enrol("web-1");
  const { csr, tlsKeyPem } = await makeCsr();
  const read = await readCsrPublicKey(csr);
  assert.ok(read.ok);
  const { pem } = await server.authority.issueEnvoyCertificate(read.publicKey, {
    uuid: identity.uuid,
    hostname: identity.hostname,
    signingKey: generateEd25519().signer.publicKey.toHex(),
  });
  using envoy = await server.envoy("web-1", { identity, tls: { certificatePem: pem, tlsKeyPem } });
  assert.equal((await refusal(envoy.checkIn())).reason, Refusal_Reason.WRONG_ENVOY);
});

Deno.test("a message larger than the limit is refused, and the next one is answered", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  const huge = envoy.checkIn({ stableTraits: Buffer.alloc(3 * 1024 * 1024) });
  assert.equal((await refusal(huge)).code, 8);
  assert.equal((await envoy.checkIn()).wantTraits, true);
});

Deno.test("a stream that does not begin with a genuine hello is closed", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  const stale = envoy.openStream({ timestampMs: Date.now() - 10 * 60_000 });
  assert.equal((await refusal(stale)).reason, Refusal_Reason.CLOCK);
  const replayed = { nonce: crypto.getRandomValues(new Uint8Array(16)) };
  const stream = await envoy.openStream(replayed);
  assert.equal((await refusal(envoy.openStream(replayed))).reason, Refusal_Reason.REPLAY);
  stream.raw.cancel();
});

Deno.test("a second stream of an envoy replaces the first, and pushes go down the new one", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  const first = await envoy.openStream();
  const second = await envoy.openStream();
  assert.equal(await first.ended, undefined);
  const pushed = await server.fleet.envoys.push({ target: "web-*", force: true }, "local-root");
  assert.ok(pushed.ok);
  assert.deepEqual([pushed.value.pushed, pushed.value.offline], [["web-1"], []]);
  const { push } = await second.next((message) => message.push !== undefined);
  assert.equal(push?.force, true);
});

Deno.test("a forced check-in gets the whole bundle under a higher serial", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  const before = envoy.bundle?.serial ?? 0;
  await envoy.checkIn({ force: true });
  assert.ok((envoy.bundle?.serial ?? 0) > before);
});

Deno.test("a policy that cannot be resolved leaves the envoy with what it has, and says so", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  server.resolver.policyVersion = "version-2";
  server.resolver.problem = "web.vgo:3:5: undefined variable";
  assert.equal((await envoy.checkIn()).noChange, true);
  const calls = server.resolver.calls;
  await envoy.checkIn();
  assert.equal(server.resolver.calls, calls);
  const state = server.fleet.index.find("web-1");
  assert.match(state?.warnings().join() ?? "", /undefined variable/);
});

Deno.test("the same report twice is stored once, and decides the envoy's convergence", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  const runId = crypto.randomUUID();
  const report = Buffer.from(JSON.stringify({
    schema: 1,
    runId,
    policyVersion: "version-1",
    root: envoy.bundle?.root,
    startedAtMs: 1,
    durationMs: 2,
    trigger: "interval",
    dryRun: false,
    counts: { ...Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])), none: 3, failed: 1 },
    resources: [],
    truncated: false,
  }));
  await envoy.report(runId, report);
  await envoy.report(runId, report);
  assert.equal((await server.store.runs.list({ limit: 10 })).runs.length, 1);
  assert.equal(server.fleet.index.list({ limit: 1 }).envoys[0]?.convergence, "Failed");
  const other = envoy.report(crypto.randomUUID(), report);
  assert.equal((await refusal(other)).reason, Refusal_Reason.MALFORMED);
});

Deno.test("after a restart every view is whole, and an envoy that holds the policy is not sent it again", async () => {
  await using first = await SimulatedFleet.start();
  using envoy = await first.envoy("web-1");
  await envoy.settle();
  const second = await first.restart();
  const [row] = second.fleet.index.list({ limit: 1 }).envoys;
  assert.deepEqual([row?.hostname, row?.presence, row?.ip], ["web-1", "online", "192.0.2.7"]);
  using again = await second.envoy("web-1", { identity: envoy.identity });
  Object.assign(again, {
    cloneToken: envoy.cloneToken,
    bundle: envoy.bundle,
    fleetSerial: envoy.fleetSerial,
    envoySerial: envoy.envoySerial,
  });
  const answer = await again.checkIn();
  assert.deepEqual([answer.noChange, answer.suspectedClone], [true, false]);
  await second.fleet.stop();
});
