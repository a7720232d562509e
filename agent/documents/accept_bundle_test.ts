import assert from "node:assert/strict";
import { merkleRoot, policyBundleSchema } from "../../shared/config/policy_bundle.ts";
import { generateEd25519, loadVerifier } from "../../shared/crypto/ed25519.ts";
import { sealDocument } from "../../shared/canonical/signed_document.ts";
import { acceptBundle } from "./accept_bundle.ts";

const UUID = "6f1c2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f";
const server = generateEd25519().signer;
const verifier = loadVerifier(server.publicKey);

function makeBundle(overrides: Record<string, unknown> = {}) {
  return policyBundleSchema.parse({
    schema: 1,
    envoyUuid: UUID,
    serial: 5,
    policyVersion: "v1",
    root: merkleRoot([]).toHex(),
    issuedAtMs: 1,
    resources: [],
    ...overrides,
  });
}

function judge(bundle: unknown, heldSerial = 5, signer = server) {
  const verdict = acceptBundle(
    sealDocument("policyBundle", bundle, signer),
    verifier,
    UUID,
    heldSerial,
  );
  return verdict.ok ? "accepted" : verdict.reason;
}

Deno.test("a bundle of the same or a higher serial is accepted", () => {
  assert.equal(judge(makeBundle()), "accepted");
  assert.equal(judge(makeBundle({ serial: 6 })), "accepted");
});

Deno.test("a bundle is refused by signature, envoy, serial, root and kind", () => {
  assert.match(judge(makeBundle(), 5, generateEd25519().signer), /signature/);
  assert.match(judge(makeBundle({ envoyUuid: crypto.randomUUID() })), /is for envoy/);
  assert.match(judge(makeBundle({ serial: 4 })), /lower than 5/);
  assert.match(judge(makeBundle({ root: "0".repeat(64) })), /names root/);
  const wrongKind = sealDocument("fleetDocument", makeBundle(), server);
  assert.equal(acceptBundle(wrongKind, verifier, UUID, 0).ok, false);
});
