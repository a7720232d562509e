import assert from "node:assert/strict";
import { envoyDocument, fleetDocument } from "../../shared/config/document_fixture.ts";
import { generateEd25519, loadVerifier } from "../../shared/crypto/ed25519.ts";
import { sealDocument } from "../../shared/canonical/signed_document.ts";
import { acceptEnvoyDocument, acceptFleetDocument } from "./accept_document.ts";

const { envoyUuid: UUID } = envoyDocument();
const server = generateEd25519().signer;
const verifier = loadVerifier(server.publicKey);

Deno.test("a fleet document of a lower serial is never accepted", () => {
  const judge = (serial: number) =>
    acceptFleetDocument(
      sealDocument("fleetDocument", fleetDocument({ serial }), server),
      verifier,
      7,
    ).ok;
  assert.deepEqual([6, 7, 8].map(judge), [false, true, true]);
});

Deno.test("documents of a stranger, for another envoy or of another kind are refused", () => {
  const stranger = generateEd25519().signer;
  assert.equal(
    acceptFleetDocument(
      sealDocument("fleetDocument", fleetDocument({ serial: 9 }), stranger),
      verifier,
      0,
    ).ok,
    false,
  );
  const own = sealDocument("envoyDocument", envoyDocument({ serial: 9 }), server);
  assert.equal(acceptEnvoyDocument(own, verifier, UUID, 0).ok, true);
  assert.equal(acceptEnvoyDocument(own, verifier, crypto.randomUUID(), 0).ok, false);
  assert.equal(acceptFleetDocument(own, verifier, 0).ok, false);
});
