import assert from "node:assert/strict";
import fc from "fast-check";
import { Secret } from "../../shared/crypto/secret.ts";
import {
  WRAP_COST,
  type WrappedIdentity,
  wrappedIdentitySchema,
} from "../../shared/puddle/wrapped_identity.ts";
import { CHEAP_COST } from "./cheap_cost.ts";
import { makeSeed } from "./seed_signer.ts";
import { makeSalt, unwrapIdentity, wrapIdentity, WrongPassphraseError } from "./wrap_identity.ts";

const passphrase = new Secret("correct horse battery staple");
const salt = makeSalt();
const seed = makeSeed();
const wrapped = await wrapIdentity(seed, { passphrase, salt, cost: CHEAP_COST });

Deno.test("what was wrapped comes out with the same passphrase and salt", async () => {
  assert.deepEqual(await unwrapIdentity(wrapped, { passphrase, salt }), seed);
  assert.deepEqual(wrappedIdentitySchema.parse(JSON.parse(JSON.stringify(wrapped))), wrapped);
});

Deno.test("another passphrase or salt opens nothing", async () => {
  for (
    const key of [
      { passphrase: new Secret("wrong"), salt },
      { passphrase, salt: makeSalt() },
    ]
  ) {
    await assert.rejects(unwrapIdentity(wrapped, key), WrongPassphraseError);
  }
});

Deno.test("a passphrase is the same however a keyboard composes its accents", async () => {
  const composed = new Secret("\u00e9t\u00e9 \u00e0 la plage");
  const apart = new Secret("e\u0301te\u0301 a\u0300 la plage");
  const once = await wrapIdentity(seed, { passphrase: composed, salt, cost: CHEAP_COST });
  assert.deepEqual(await unwrapIdentity(once, { passphrase: apart, salt }), seed);
});

Deno.test("every field of the header is authenticated", async () => {
  const other = await wrapIdentity(makeSeed(), { passphrase, salt, cost: CHEAP_COST });
  const headers: WrappedIdentity["header"][] = [
    { ...wrapped.header, nonce: other.header.nonce },
    { ...wrapped.header, publicKey: other.header.publicKey },
    { ...wrapped.header, cost: { ...wrapped.header.cost, iterations: 2 } },
    { ...wrapped.header, cost: { ...wrapped.header.cost, memoryKib: 16 } },
  ];
  for (const header of headers) {
    const changed = { ...wrapped, header };
    await assert.rejects(unwrapIdentity(changed, { passphrase, salt }), WrongPassphraseError);
  }
});

Deno.test("a cut or changed ciphertext is refused", async () => {
  const bytes = Uint8Array.fromHex(wrapped.ciphertext);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(bytes.length - 1),
      fc.integer({ min: 1, max: 255 }),
      async (at, mask) => {
        const changed = bytes.slice();
        changed[at] = (changed[at] ?? 0) ^ mask;
        const damaged = { ...wrapped, ciphertext: changed.toHex() };
        await assert.rejects(unwrapIdentity(damaged, { passphrase, salt }), WrongPassphraseError);
      },
    ),
    { numRuns: 20, seed: 6 },
  );
  const cut = { ...wrapped, ciphertext: wrapped.ciphertext.slice(2) };
  assert.equal(wrappedIdentitySchema.safeParse(cut).success, false);
});

Deno.test("a header of another version, or that asks for too much memory, is refused before anything is tried", () => {
  for (
    const header of [
      { ...wrapped.header, version: 2 },
      { ...wrapped.header, kdf: "scrypt" },
      { ...wrapped.header, cost: { ...wrapped.header.cost, memoryKib: 64 * 1024 * 1024 } },
      { ...wrapped.header, cost: { ...wrapped.header.cost, iterations: 1e6 } },
    ]
  ) {
    assert.equal(wrappedIdentitySchema.safeParse({ ...wrapped, header }).success, false);
  }
});

Deno.test("identities are wrapped with 64 MiB and three passes unless told otherwise", async () => {
  const whole = await wrapIdentity(seed, { passphrase, salt });
  assert.deepEqual(whole.header.cost, WRAP_COST);
  assert.deepEqual(WRAP_COST, { memoryKib: 65_536, iterations: 3, parallelism: 1 });
  assert.deepEqual(await unwrapIdentity(whole, { passphrase, salt }), seed);
});
