import assert from "node:assert/strict";
import { generateEd25519, loadVerifier } from "../../shared/crypto/ed25519.ts";
import { sealDocument } from "../../shared/crypto/signed_document.ts";
import { acceptEnvoyDocument, acceptFleetDocument } from "./accept_document.ts";

const UUID = "6f1c2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f";
const server = generateEd25519().signer;
const verifier = loadVerifier(server.publicKey);

const fleet = (serial: number) => ({
  schema: 1,
  serial,
  issuedAtMs: 1,
  swarm: { seeders: [], seederKeys: [] },
  revokedEnvoys: [],
  revokedCertificates: [],
});

const envoy = (serial: number, envoyUuid = UUID) => ({
  schema: 1,
  envoyUuid,
  hostname: "web-1",
  serial,
  issuedAtMs: 1,
  checkin: { bundleMaxAgeMs: 86_400_000 },
  swarm: {
    enabled: true,
    port: 1531,
    maxBandwidthPercent: 50,
    maxUploadMbps: null,
    serverFallback: true,
    seeder: false,
    subsystems: {
      payload: true,
      puddle: false,
      gitback: false,
      longdrawer: false,
      curator: false,
      poolq: false,
    },
  },
  tags: {},
});

Deno.test("a fleet document of a lower serial is never accepted", () => {
  const judge = (serial: number) =>
    acceptFleetDocument(sealDocument("fleetDocument", fleet(serial), server), verifier, 7).ok;
  assert.deepEqual([6, 7, 8].map(judge), [false, true, true]);
});

Deno.test("documents of a stranger, for another envoy or of another kind are refused", () => {
  const stranger = generateEd25519().signer;
  assert.equal(
    acceptFleetDocument(sealDocument("fleetDocument", fleet(9), stranger), verifier, 0).ok,
    false,
  );
  const own = sealDocument("envoyDocument", envoy(9), server);
  assert.equal(acceptEnvoyDocument(own, verifier, UUID, 0).ok, true);
  assert.equal(acceptEnvoyDocument(own, verifier, crypto.randomUUID(), 0).ok, false);
  assert.equal(acceptFleetDocument(own, verifier, 0).ok, false);
});
