import assert from "node:assert/strict";
import fc from "fast-check";
import { sha256Hex } from "../crypto/sha256.ts";
import vectors from "../canonical/vectors/puddle_pairing.json" with { type: "json" };
import {
  formatPairingCode,
  makePairingCode,
  PAIRING_CODE_LENGTH,
  parsePairingCode,
} from "./pairing_code.ts";
import { isPairingProof, pairingBytes, type PairingTerms, provePairing } from "./pairing_proof.ts";

const CODE = "0123456789ABCDEF";
const terms: PairingTerms = {
  sourceCertificate: sha256Hex("source"),
  claimerCertificate: sha256Hex("claimer"),
  sourceNonce: "11".repeat(32),
  claimerNonce: "22".repeat(32),
  user: "mara",
  host: "web-1",
};
const content = new TextEncoder().encode("content");

Deno.test("a code is shown in four groups of four and read back as it was made", () => {
  const code = makePairingCode();
  assert.match(code, /^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
  assert.equal(formatPairingCode(parsePairingCode(code) ?? ""), code);
});

Deno.test("a code is read in either case, with any separators, and with letters that stand for digits", () => {
  assert.equal(parsePairingCode(" o1il-2345 6789abcd "), "0111" + "23456789ABCD");
  for (const text of ["", "0123", CODE + "0", CODE.slice(1) + "U", "no code at all"]) {
    assert.equal(parsePairingCode(text), undefined, text);
  }
});

Deno.test("codes differ, and every digit has one of 32 values", () => {
  const codes = new Set(Array.from({ length: 200 }, () => makePairingCode()));
  assert.equal(codes.size, 200);
  const digits = new Set([...codes].flatMap((code) => [...code.replaceAll("-", "")]));
  assert.equal(digits.size, 32);
  assert.equal(PAIRING_CODE_LENGTH * 5, 80);
});

Deno.test("a proof holds for the same code, role, terms and content alone", () => {
  const proof = provePairing("source", CODE, terms, content);
  const holds = (changes: Partial<PairingTerms>) =>
    isPairingProof(proof, "source", CODE, { ...terms, ...changes }, content);
  assert.ok(holds({}));
  for (
    const changes of [
      { sourceCertificate: terms.claimerCertificate },
      { claimerCertificate: terms.sourceCertificate },
      { sourceNonce: terms.claimerNonce },
      { claimerNonce: terms.sourceNonce },
      { user: "dan" },
      { host: "web-2" },
    ]
  ) {
    assert.equal(holds(changes), false, JSON.stringify(changes));
  }
  assert.equal(isPairingProof(proof, "claimer", CODE, terms, content), false);
  assert.equal(isPairingProof(proof, "source", CODE.replace("F", "G"), terms, content), false);
  assert.equal(isPairingProof(proof, "source", CODE, terms, Uint8Array.of(1)), false);
});

Deno.test("whatever is sent as a proof, nothing throws", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.equal(isPairingProof(text, "claimer", CODE, terms, undefined), false);
    }),
    { seed: 6 },
  );
});

Deno.test("the product's own function builds the committed bytes", () => {
  const [claimer, source] = vectors.vectors;
  assert.equal(pairingBytes("claimer", terms, undefined).toHex(), claimer?.frame);
  assert.equal(pairingBytes("source", terms, content).toHex(), source?.frame);
});
