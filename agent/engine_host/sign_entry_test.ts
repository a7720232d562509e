import assert from "node:assert/strict";
import { generateEd25519, loadVerifier } from "../../shared/crypto/ed25519.ts";
import { manifestEntryBytes } from "../../shared/swarm/manifest_entry.ts";
import { UNSIGNED_ENTRY } from "../../shared/swarm/manifest_entry_fixture.ts";
import { signEntry } from "./sign_entry.ts";

const { signer } = generateEd25519();

const entry = { ...UNSIGNED_ENTRY, author: signer.publicKey.toHex() };

Deno.test("an entry of this envoy is signed over its own bytes", () => {
  const signed = signEntry(entry, signer, "web-1");
  assert.ok(signed.ok);
  assert.equal(signed.entry.label, "app.tar");
  assert.ok(
    loadVerifier(signer.publicKey).verify(
      manifestEntryBytes(signed.entry),
      Uint8Array.fromHex(signed.entry.signature),
    ),
  );
});

for (
  const [what, change, reason] of [
    ["another author", { author: "c".repeat(64) }, /not this envoy/],
    ["another origin", { origin: "web-2" }, /origin "web-2"/],
    ["a label that leaves its folder", { label: "../x" }, /label/],
    ["a target that cannot be read", { target: "web-*," }, /target/],
    ["a digest that is not one", { sha256: "A".repeat(64) }, /sha256/],
  ] as const
) {
  Deno.test(`an entry with ${what} is not signed`, () => {
    const signed = signEntry({ ...entry, ...change }, signer, "web-1");
    assert.ok(!signed.ok);
    assert.match(signed.reason, reason);
  });
}
