import assert from "node:assert/strict";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { FleetIndex } from "../checkin/fleet_index.ts";
import type { EnvoyRecord } from "../store/store.ts";
import { fleetTrust } from "./fleet_trust.ts";

const envoy: EnvoyRecord = {
  uuid: crypto.randomUUID(),
  hostname: "web-1",
  signingKey: generateEd25519().signer.publicKey.toHex(),
  state: "active",
  enrolledAtMs: 1,
  revokedAtMs: null,
  tags: {},
  tagRevision: 0,
  suspectedClone: false,
  previousHostname: null,
  removedAtMs: null,
};

Deno.test("a certificate is trusted while its envoy is active, under the key that is bound in it", () => {
  const index = new FleetIndex(() => 0);
  const revoked = new Set<string>();
  const trust = fleetTrust(index, (_uuid, fingerprint) => revoked.has(fingerprint));
  const certificate = { envoyUuid: envoy.uuid, signingKey: envoy.signingKey, fingerprint: "aa" };
  assert.equal(trust.isTrusted(certificate), false);
  index.put(envoy);
  assert.equal(trust.isTrusted(certificate), true);
  assert.equal(trust.isTrusted({ ...certificate, signingKey: "00".repeat(32) }), false);
  index.put({ ...envoy, suspectedClone: true });
  assert.equal(trust.isTrusted(certificate), false);
  index.put(envoy);
  assert.equal(trust.isTrusted(certificate), true);
  index.put({ ...envoy, state: "revoked", revokedAtMs: 2 });
  assert.equal(trust.isTrusted(certificate), false);
  index.put(envoy);
  assert.equal(trust.isTrusted(certificate), true);
  revoked.add(certificate.fingerprint);
  assert.equal(trust.isTrusted(certificate), false, "it was replaced");
});
