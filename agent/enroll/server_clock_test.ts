import assert from "node:assert/strict";
import { generateEd25519, loadVerifier } from "../../shared/crypto/ed25519.ts";
import { sealDocument } from "../../shared/canonical/signed_document.ts";
import { acceptServerTime, describeClockOffset } from "./server_clock.ts";

const server = generateEd25519().signer;
const verifier = loadVerifier(server.publicKey);
const nonce = new Uint8Array(16).fill(3);

Deno.test("the server's time is believed for the nonce that asked, with its signature", () => {
  const answer = (nonceHex: string, signer = server) =>
    acceptServerTime(
      sealDocument("serverTime", { nonce: nonceHex, timeMs: 5 }, signer),
      nonce,
      verifier,
    );
  assert.deepEqual(answer(nonce.toHex()), { ok: true, timeMs: 5 });
  assert.equal(answer("04".repeat(16)).ok, false);
  assert.equal(answer(nonce.toHex(), generateEd25519().signer).ok, false);
});

Deno.test("a wrong clock is put into words", () => {
  assert.equal(
    describeClockOffset(56 * 365.25 * 86_400_000),
    "clock is 56 years behind the server; set it or start vigo with --set-clock",
  );
  assert.match(describeClockOffset(-3_600_000), /^clock is 1 hour ahead of the server/);
  assert.match(describeClockOffset(400), /^clock is 0 seconds behind/);
});
