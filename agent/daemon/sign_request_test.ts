import assert from "node:assert/strict";
import { encodeFrame } from "../../shared/canonical/frame.ts";
import { generateEd25519, loadVerifier } from "../../shared/crypto/ed25519.ts";
import { sha256 } from "../../shared/crypto/sha256.ts";
import { signRequest } from "./sign_request.ts";

Deno.test("a signed request verifies for its method and body, and for no other", () => {
  const { signer } = generateEd25519();
  const verifier = loadVerifier(signer.publicKey);
  const nonce = new Uint8Array(16).fill(7);
  const body = new TextEncoder().encode("body");
  const request = signRequest(
    { envoyUuid: "u", method: "CheckIn", timestampMs: 1_700_000_000_000, nonce },
    body,
    signer,
  );
  const frame = (method: string, content: Uint8Array) =>
    encodeFrame("vigo.request.v1", ["u", method, 1_700_000_000_000n, nonce, sha256(content)]);
  assert.ok(verifier.verify(frame("CheckIn", body), request.signature));
  assert.ok(!verifier.verify(frame("ReportResult", body), request.signature));
  assert.ok(!verifier.verify(frame("CheckIn", new Uint8Array()), request.signature));
});
