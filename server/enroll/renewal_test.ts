import "reflect-metadata";
import { X509Certificate } from "@peculiar/x509";
import assert from "node:assert/strict";
import { renewalBytes } from "../../shared/canonical/envoy_frames.ts";
import { readEnvoyIdentity } from "../../shared/crypto/envoy_identity.ts";
import { loadSigner } from "../../shared/crypto/ed25519.ts";
import { makeCsr, type SimulatedIdentity } from "../../tests/support/simulated_envoy.ts";
import { SimulatedFleet } from "../../tests/support/simulated_fleet.ts";
import { isRenewalDue } from "./renewal.ts";

const DAY_MS = 86_400_000;

async function requestRenewal(server: SimulatedFleet, identity: SimulatedIdentity, nonce?: string) {
  const { csr } = await makeCsr();
  const used = nonce ?? server.fleet.renewals.issueNonce().nonce;
  const message = renewalBytes({ nonce: Uint8Array.fromHex(used), csr, envoyUuid: identity.uuid });
  return {
    envoyUuid: identity.uuid,
    nonce: used,
    csr: csr.toBase64(),
    signature: loadSigner(identity.signingKeyPem).sign(message).toBase64(),
  };
}

/** What every certificate of an envoy must bind. */
function identityOf({ uuid, hostname, signingKeyPem }: SimulatedIdentity) {
  return { uuid, hostname, signingKey: loadSigner(signingKeyPem).publicKey.toHex() };
}

Deno.test("a renewed certificate names the same envoy and outlives the old one", async () => {
  await using server = await SimulatedFleet.start();
  using envoy = await server.envoy("web-1");
  server.clock.offsetMs = 30_000;
  const { csr } = await makeCsr();
  const { certificate } = await envoy.renew(csr);
  assert.deepEqual(readEnvoyIdentity(certificate), {
    ok: true,
    identity: identityOf(envoy.identity),
  });
  const before = new X509Certificate(envoy.identity.certificatePem);
  assert.ok(new X509Certificate(new Uint8Array(certificate)).notAfter > before.notAfter);
  assert.equal((await server.store.certificates.listByEnvoy(envoy.identity.uuid)).length, 2);
});

Deno.test("a seeder's renewal makes its word count for longer, in a new fleet document", async () => {
  await using server = await SimulatedFleet.start();
  const identity = await server.enrol("vigo-1");
  const before = server.fleet.fleetDocuments.current.value;
  server.clock.offsetMs = 70 * DAY_MS;
  const renewed = await server.fleet.renewals.renewExpired(await requestRenewal(server, identity));
  assert.ok(renewed.ok);
  const { serial, swarm } = server.fleet.fleetDocuments.current.value;
  assert.ok(serial > before.serial);
  const [was, is] = [before.swarm.seederKeys[0], swarm.seederKeys[0]];
  assert.ok(was?.validUntilMs && is?.validUntilMs);
  assert.ok(is.validUntilMs >= was.validUntilMs + 69 * DAY_MS);
});

Deno.test("an expired certificate is renewed by nonce and signing key, within the grace alone", async () => {
  await using server = await SimulatedFleet.start();
  const identity = await server.enrol("web-1");
  server.clock.offsetMs = 200 * DAY_MS;
  const renewed = await server.fleet.renewals.renewExpired(await requestRenewal(server, identity));
  assert.ok(renewed.ok);
  const { rawData } = new X509Certificate(renewed.value.certificate);
  assert.deepEqual(readEnvoyIdentity(new Uint8Array(rawData)), {
    ok: true,
    identity: identityOf(identity),
  });
  server.clock.offsetMs = 200 * DAY_MS + (90 + 181) * DAY_MS;
  const late = await server.fleet.renewals.renewExpired(await requestRenewal(server, identity));
  assert.match(late.ok ? "" : late.message, /longer ago than envoys.renew_grace/);
});

Deno.test("a nonce renews once, for a minute, and only if this server made it", async () => {
  await using server = await SimulatedFleet.start();
  const identity = await server.enrol("web-1");
  const request = await requestRenewal(server, identity);
  assert.equal((await server.fleet.renewals.renewExpired(request)).ok, true);
  const again = await server.fleet.renewals.renewExpired(request);
  assert.match(again.ok ? "" : again.message, /nonce was used/);
  const old = await requestRenewal(server, identity);
  server.clock.offsetMs = 61_000;
  assert.equal((await server.fleet.renewals.renewExpired(old)).ok, false);
  const invented = await requestRenewal(server, identity, "00".repeat(40));
  assert.equal((await server.fleet.renewals.renewExpired(invented)).ok, false);
});

Deno.test("a revoked envoy renews nothing, and neither does another's key", async () => {
  await using server = await SimulatedFleet.start();
  const identity = await server.enrol("web-1");
  const other = await server.enrol("web-2");
  const foreign = { ...await requestRenewal(server, other), envoyUuid: identity.uuid };
  assert.equal((await server.fleet.renewals.renewExpired(foreign)).ok, false);
  await server.fleet.envoys.revoke("web-1", "", "local-root");
  const revoked = await server.fleet.renewals.renewExpired(await requestRenewal(server, identity));
  assert.match(revoked.ok ? "" : revoked.message, /is revoked/);
});

Deno.test("renewal is due once two thirds of the life are over", () => {
  const life = { notBeforeMs: 0, notAfterMs: 90 };
  assert.equal(isRenewalDue(life, 59), false);
  assert.equal(isRenewalDue(life, 60), true);
});
