import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { DOMAIN } from "./domain.ts";
import { encodeFrame } from "./frame.ts";
import { generateEd25519, loadVerifier } from "../crypto/ed25519.ts";
import { openDocument, sealDocument } from "./signed_document.ts";

const schema = z.strictObject({ serial: z.number() });
const { signer } = generateEd25519();
const verifier = loadVerifier(signer.publicKey);

Deno.test("a document opens as what was sealed", () => {
  const sealed = sealDocument("fleetDocument", { serial: 7 }, signer);
  const opened = openDocument("fleetDocument", sealed, verifier, schema);
  assert.deepEqual(opened, { ok: true, value: { serial: 7 } });
});

Deno.test("a document of one kind does not open as another", () => {
  const sealed = sealDocument("fleetDocument", { serial: 7 }, signer);
  const opened = openDocument("envoyDocument", sealed, verifier, schema);
  assert.deepEqual(opened, { ok: false, reason: "signature of envoyDocument does not verify" });
});

Deno.test("bytes are verified before they are parsed", () => {
  const { signer: stranger } = generateEd25519();
  const sealed = sealDocument("fleetDocument", "not even an object", stranger);
  const opened = openDocument("fleetDocument", sealed, verifier, schema);
  assert.deepEqual(opened, { ok: false, reason: "signature of fleetDocument does not verify" });
});

Deno.test("no single byte of a document can be changed", () => {
  const sealed = sealDocument("fleetDocument", { serial: 7 }, signer);
  fc.assert(
    fc.property(fc.nat(sealed.payload.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const payload = sealed.payload.slice();
      payload[at] = (payload[at] ?? 0) ^ mask;
      assert.equal(
        openDocument("fleetDocument", { ...sealed, payload }, verifier, schema).ok,
        false,
      );
    }),
  );
});

Deno.test("what is signed but is not what the schema says is a reason, not an exception", () => {
  const unknownKey = sealDocument("fleetDocument", { serial: 7, extra: 1 }, signer);
  assert.equal(openDocument("fleetDocument", unknownKey, verifier, schema).ok, false);
  const payload = Uint8Array.of(0xff, 0xfe);
  const signature = signer.sign(encodeFrame(DOMAIN.fleetDocument, [payload]));
  const opened = openDocument("fleetDocument", { payload, signature }, verifier, schema);
  assert.deepEqual(opened, { ok: false, reason: "fleetDocument is signed but is not JSON" });
});
