import "reflect-metadata";
import assert from "node:assert/strict";
import { makeCsr } from "../../tests/support/simulated_envoy.ts";
import { MAX_CSR_BYTES, readCsrPublicKey } from "./certificates.ts";

Deno.test("a CSR is read if the key in it signed it", async () => {
  const { csr } = await makeCsr();
  assert.equal((await readCsrPublicKey(csr)).ok, true);
});

Deno.test("a CSR that its own key did not sign is refused, so that nobody enrols a key of somebody else", async () => {
  const { csr } = await makeCsr();
  // The last byte belongs to the signature's second number, whatever its length.
  csr[csr.length - 1] = (csr.at(-1) ?? 0) ^ 1;
  assert.deepEqual(await readCsrPublicKey(csr), {
    ok: false,
    reason: "CSR is not signed by its own key",
  });
});

Deno.test("what is no CSR, or too large, is refused", async () => {
  for (const bytes of [new Uint8Array(), new Uint8Array(100), new Uint8Array(MAX_CSR_BYTES + 1)]) {
    assert.equal((await readCsrPublicKey(bytes)).ok, false);
  }
});
