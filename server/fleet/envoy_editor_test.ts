import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { fleetDocumentSchema } from "../../shared/config/fleet_document.ts";
import { envoyDocumentSchema } from "../../shared/config/envoy_document.ts";
import { loadVerifier } from "../../shared/crypto/ed25519.ts";
import { openDocument } from "../../shared/canonical/signed_document.ts";
import { Refusal_Reason } from "../../shared/proto/agent.ts";
import { MAX_TAG_NAME, MAX_TAG_VALUE, MAX_TAGS } from "../../shared/rest/envoys.ts";
import { parseTargetSpec } from "../../shared/targeting/target_spec.ts";
import { runSteps } from "../steps/steps.ts";
import { eventually } from "../../tests/support/eventually.ts";
import {
  makeCsr,
  RefusedCall,
  type SimulatedEnvoy,
  type SimulatedIdentity,
} from "../../tests/support/simulated_envoy.ts";
import { SimulatedFleet } from "../../tests/support/simulated_fleet.ts";

/** The identity of an envoy after it has asked for another certificate. */
async function renew(envoy: SimulatedEnvoy): Promise<SimulatedIdentity> {
  const { csr, tlsKeyPem } = await makeCsr();
  const { certificate } = await envoy.renew(csr);
  const body = (certificate.toString("base64").match(/.{1,64}/g) ?? []).join("\n");
  const certificatePem = `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
  return { ...envoy.identity, tlsKeyPem, certificatePem };
}

/** The same machine with another certificate. */
async function reconnect(
  server: SimulatedFleet,
  envoy: SimulatedEnvoy,
  identity: SimulatedIdentity,
): Promise<SimulatedEnvoy> {
  const { cloneToken, bundle, fleetSerial, envoySerial } = envoy;
  const again = await server.envoy(identity.hostname, { identity });
  return Object.assign(again, { cloneToken, bundle, fleetSerial, envoySerial });
}

async function refusalOf(call: Promise<unknown>): Promise<Refusal_Reason | undefined> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RefusedCall) return error.reason;
    throw error;
  }
  throw new assert.AssertionError({ message: "the call was answered" });
}

function readFleetDocument(server: SimulatedFleet) {
  const { signed } = server.fleet.fleetDocuments.current;
  const verifier = loadVerifier(server.authority.signer.publicKey);
  const opened = openDocument("fleetDocument", signed, verifier, fleetDocumentSchema);
  assert.ok(opened.ok);
  return opened.value;
}

async function actions(server: SimulatedFleet): Promise<string[]> {
  const records = await server.store.audit.list({ limit: 100 });
  return records.map(({ action }) => action).reverse();
}

Deno.test("a renamed envoy is matched by its new name at once, and its certificate follows", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  const { editor, index } = server.fleet;
  const renamed = await editor.rename("web-1", "App-1", "local-root");
  assert.ok(renamed.ok);
  assert.deepEqual([renamed.value.hostname, renamed.value.previousHostname], ["app-1", "web-1"]);
  assert.equal(index.find("web-1"), undefined);
  assert.deepEqual(runSteps(index.target(parseTargetSpec("app-*"))).length, 1);
  const calls = server.resolver.calls;
  const answer = await envoy.checkIn();
  assert.equal(server.resolver.calls, calls + 1, "the policy of another name is another policy");
  assert.equal(answer.renewCertificate, true);
  assert.match(index.find("app-1")?.warnings().join() ?? "", /certificate still names "web-1"/);

  const identity = await renew(envoy);
  assert.equal((await envoy.checkIn()).renewCertificate, true, "until the new one is shown");
  using again = await reconnect(server, envoy, identity);
  assert.equal((await again.checkIn()).renewCertificate, false);
  assert.equal(await refusalOf(envoy.checkIn()), Refusal_Reason.REVOKED);
  assert.equal((await again.checkIn()).suspectedClone, false);
  const { revokedEnvoys, revokedCertificates } = readFleetDocument(server);
  assert.deepEqual([revokedEnvoys.length, revokedCertificates.length], [0, 1]);
  assert.equal(index.detail(index.find("app-1") ?? assert.fail()).previousHostname, null);
  assert.deepEqual((await actions(server)).slice(-3), [
    "envoy.rename",
    "envoy.renew",
    "envoy.rename_settled",
  ]);
});

Deno.test("a rename outlives a restart, and so does the end of the old certificate", async () => {
  await using first = await SimulatedFleet.start();
  using envoy = await first.envoy("web-1");
  await envoy.settle();
  await first.fleet.editor.rename("web-1", "app-1", "local-root");
  const second = await first.restart();
  using same = await reconnect(second, envoy, envoy.identity);
  assert.equal((await same.checkIn()).renewCertificate, true);
  const identity = await renew(same);
  using again = await reconnect(second, same, identity);
  await again.checkIn();
  await using third = await second.restart();
  using old = await reconnect(third, again, envoy.identity);
  assert.equal(await refusalOf(old.checkIn()), Refusal_Reason.REVOKED);
  using current = await reconnect(third, again, identity);
  assert.equal((await current.checkIn()).renewCertificate, false);
});

Deno.test("an envoy renamed back before it had noticed keeps its certificate", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  await server.fleet.editor.rename("web-1", "app-1", "local-root");
  await server.fleet.editor.rename("app-1", "web-1", "local-root");
  assert.equal((await envoy.checkIn()).renewCertificate, false);
  assert.equal((await envoy.checkIn()).suspectedClone, false);
});

Deno.test("a name in use, none, the same, or the server's own is refused, and the old one is free again", async () => {
  await using server = await SimulatedFleet.start();
  for (const hostname of ["web-1", "web-2", "vigo-1"]) await server.enrol(hostname);
  const { editor } = server.fleet;
  const status = async (host: string, wanted: string) => {
    const answer = await editor.rename(host, wanted, "local-root");
    return answer.ok ? 200 : answer.status;
  };
  assert.equal(await status("web-1", "WEB-2"), 409);
  assert.equal(await status("web-1", "web 3"), 400);
  assert.equal(await status("web-1", "web-1"), 409);
  assert.equal(await status("web-1", "vigo-1"), 409);
  assert.equal(await status("vigo-1", "web-9"), 409);
  assert.equal(await status("web-9", "web-8"), 404);
  const raced = await Promise.all([status("web-1", "web-7"), status("web-2", "web-7")]);
  assert.deepEqual(raced.sort(), [200, 409]);
  assert.equal((await server.enrol("web-1")).hostname, "web-1");
});

Deno.test("tags count in targets at once, reach the envoy down its stream, and are resolved with", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  const stream = await envoy.openStream();
  const { editor, index } = server.fleet;
  const tag = (set: Record<string, string>, remove: string[] = []) =>
    editor.tag("web-1", { set, remove }, "local-root");
  const tagged = await tag({ role: "web", "viz.color": "green" });
  assert.ok(tagged.ok && tagged.value.changed);
  assert.equal(runSteps(index.target(parseTargetSpec("tag:role=web"))).length, 1);
  const { envoyDocument } = await stream.next((message) => message.envoyDocument !== undefined);
  assert.ok(envoyDocument);
  const verifier = loadVerifier(server.authority.signer.publicKey);
  const opened = openDocument("envoyDocument", envoyDocument, verifier, envoyDocumentSchema);
  assert.deepEqual(opened.ok && opened.value.tags, { role: "web", "viz.color": "green" });
  const calls = server.resolver.calls;
  await envoy.checkIn();
  assert.equal(server.resolver.calls, calls + 1);
  const same = await tag({ role: "web" }, ["nothing"]);
  assert.ok(same.ok && !same.value.changed);
  const less = await tag({}, ["role"]);
  assert.deepEqual(less.ok && less.value.tags, { "viz.color": "green" });
  assert.equal((await actions(server)).filter((action) => action === "envoy.tag").length, 2);
  const many = Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`t${n}`, ""]));
  const refused = await tag(many);
  assert.equal(!refused.ok && refused.status, 400);
});

Deno.test("a tag may be called what secrets are called elsewhere, and is on the record", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  const tagged = await server.fleet.editor.tag(
    "web-1",
    { set: { secret: "none", token: "ring" }, remove: [] },
    "local-root",
  );
  assert.ok(tagged.ok && tagged.value.changed);
  const [record] = await server.store.audit.list({ limit: 1 });
  assert.deepEqual(record?.payload["set"], ["secret=none", "token=ring"]);
  const names = Array.from({ length: MAX_TAGS }, (_, n) => `${n}`.padStart(MAX_TAG_NAME, "t"));
  const most = await server.fleet.editor.tag("web-1", {
    set: Object.fromEntries(names.map((name) => [name, '"'.repeat(MAX_TAG_VALUE)])),
    remove: ["secret", "token", ...names.slice(2)],
  }, "local-root");
  assert.ok(most.ok, "all that one request can name is on the record");
});

Deno.test("a revoked envoy can be removed from the lists, and never comes back", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  await envoy.settle();
  const { editor, envoys, index } = server.fleet;
  const early = await editor.remove("web-1", "local-root");
  assert.equal(!early.ok && early.status, 409);
  await envoys.revoke("web-1", "", "local-root");
  assert.equal(index.list({ all: true, limit: 10 }).envoys.length, 1);
  assert.ok((await editor.remove(envoy.identity.uuid, "local-root")).ok);
  assert.equal(index.list({ all: true, limit: 10 }).envoys.length, 0);
  assert.equal(index.find(envoy.identity.uuid), undefined);
  assert.equal(await refusalOf(envoy.checkIn()), Refusal_Reason.REVOKED);
  await using second = await server.restart();
  using again = await reconnect(second, envoy, envoy.identity);
  assert.equal(await refusalOf(again.checkIn()), Refusal_Reason.REVOKED);
  assert.equal(second.fleet.index.list({ all: true, limit: 10 }).envoys.length, 0);
  assert.equal(readFleetDocument(second).revokedEnvoys.length, 1);
});

Deno.test("a revoked envoy is removed by its hostname unless several had it", async () => {
  await using server = await SimulatedFleet.start();
  const { editor, envoys, index } = server.fleet;
  const names = ["tmp-1", "tmp-1", "tmp-2"];
  for (const hostname of names) {
    await server.enrol(hostname);
    await envoys.revoke(hostname, "", "local-root");
  }
  const removed = await editor.remove("TMP-2", "local-root");
  assert.ok(removed.ok && removed.value.hostname === "tmp-2");
  const both = index.findRevoked("tmp-1").map(({ record }) => record.uuid);
  const ambiguous = await editor.remove("tmp-1", "local-root");
  assert.ok(!ambiguous.ok && ambiguous.status === 409);
  for (const uuid of both) assert.ok(ambiguous.message.includes(uuid));
  assert.ok((await editor.remove(both[0] ?? "", "local-root")).ok);
  assert.ok((await editor.remove("tmp-1", "local-root")).ok, "one is left");
  const gone = await editor.remove("tmp-1", "local-root");
  assert.ok(!gone.ok && gone.status === 404);
});

Deno.test("an envoy that was never seen is revoked by its removal", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  assert.ok((await server.fleet.editor.remove("web-1", "local-root")).ok);
  assert.equal(await refusalOf(envoy.checkIn()), Refusal_Reason.REVOKED);
  assert.deepEqual((await actions(server)).slice(-2), ["envoy.revoke", "envoy.remove"]);
  assert.equal((await server.enrol("web-1")).hostname, "web-1");
});

Deno.test("a push is followed from envoy to envoy until each has applied its policy", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  using paused = await server.envoy("web-2");
  await server.enrol("web-3");
  await envoy.settle();
  await paused.settle();
  const stream = await envoy.openStream();
  await paused.openStream();
  const { envoys, pushes } = server.fleet;
  const pushed = await envoys.push({ target: "web-*", force: false }, "local-root");
  assert.ok(pushed.ok);
  assert.deepEqual([pushed.value.pushed, pushed.value.offline], [["web-1", "web-2"], ["web-3"]]);
  const states = () =>
    pushes.show(pushed.value.id)?.map(({ state, convergence }) => [state, convergence]);
  assert.deepEqual(states(), [["sent", null], ["sent", null], ["offline", null]]);
  await paused.checkIn({ pausedReason: "maintenance" });
  const root = Buffer.from(envoy.bundle?.root ?? "", "hex");
  // What was applied before the push says nothing of it.
  await envoy.checkIn({ heartbeat: { serial: 5, finishedAtMs: 5, root } });
  assert.deepEqual(states(), [["checked_in", null], ["idle", null], ["offline", null]]);
  stream.raw.write({ heartbeat: { ...EMPTY_HEARTBEAT, serial: 6, blocked: 1, root } });
  await eventually("the run is heard", () => states()?.[0]?.[0] === "done");
  assert.deepEqual(states()?.[0], ["done", "Degraded"]);
  assert.equal(pushes.show(crypto.randomUUID()), undefined);
});

Deno.test("a push says of an envoy whose live policy cannot be made that it is unresolved, whatever it applied", async () => {
  await using server = await SimulatedFleet.start();
  using held = await server.envoy("web-1");
  await held.settle();
  const stream = await held.openStream();
  using fresh = await server.envoy("web-2");
  await fresh.openStream();
  const { envoys, pushes } = server.fleet;
  server.resolver.policyVersion = "version-2";
  server.resolver.problem = "envoys.vgo:1:1: traits.rack is unknown";
  const pushed = await envoys.push({ target: "*", force: false }, "local-root");
  assert.ok(pushed.ok);
  await held.settle();
  await fresh.settle();
  const root = Buffer.from(held.bundle?.root ?? "", "hex");
  stream.raw.write({ heartbeat: { ...EMPTY_HEARTBEAT, serial: 6, root } });
  await eventually(
    "both are judged",
    () => pushes.show(pushed.value.id)?.every(({ state }) => state === "unresolved"),
  );
  const shown = pushes.show(pushed.value.id) ?? [];
  assert.deepEqual(shown.map(({ hostname }) => hostname), ["web-1", "web-2"]);
  for (const { reason } of shown) assert.match(reason ?? "", /traits\.rack is unknown/);
  server.resolver.problem = undefined;
  const mended = await envoys.push({ target: "web-1", force: true }, "local-root");
  assert.ok(mended.ok);
  // The problem of before is not held against this push, whose check-in is yet to be answered.
  assert.equal(pushes.show(mended.value.id)?.[0]?.state, "sent");
  await held.checkIn({ force: true });
  stream.raw.write({ heartbeat: { ...EMPTY_HEARTBEAT, serial: 7, root } });
  await eventually("it is done", () => pushes.show(mended.value.id)?.[0]?.state === "done");
});

const EMPTY_HEARTBEAT = {
  finishedAtMs: 0,
  durationMs: 0,
  inSync: 0,
  changed: 0,
  failed: 0,
  blocked: 0,
  unknown: 0,
  skipped: 0,
  changeStreak: 0,
};
