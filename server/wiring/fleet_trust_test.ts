import assert from "node:assert/strict";
import { FleetIndex } from "../fleet/fleet_index.ts";
import { envoyRecord } from "../store/envoy_fixture.ts";
import { fleetTrust } from "./fleet_trust.ts";

const envoy = envoyRecord();

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
