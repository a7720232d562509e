import assert from "node:assert/strict";
import fc from "fast-check";
import { PACKAGE_KEY, PACKAGE_KEY_FINGERPRINT } from "../../tests/support/package_key.ts";
import { MAX_OPENPGP_BYTES, readOpenPgpKeys } from "./openpgp_key.ts";

const FOUND = { ok: true, fingerprints: [PACKAGE_KEY_FINGERPRINT] };

function read(text: string) {
  return readOpenPgpKeys(new TextEncoder().encode(text));
}

/** The key without its armor. */
function binary(): Uint8Array {
  const body = PACKAGE_KEY.split("\n\n")[1]?.split("\n=")[0]?.replaceAll("\n", "") ?? "";
  return Uint8Array.from(atob(body), (character) => character.charCodeAt(0));
}

Deno.test("an armored key has the fingerprint that gpg tells", () => {
  assert.deepEqual(read(PACKAGE_KEY), FOUND);
});

Deno.test("text around armor, headers in it and lines that end as on other systems do not matter", () => {
  assert.deepEqual(read(`a key:\n${PACKAGE_KEY}bye\n`), FOUND);
  assert.deepEqual(read(PACKAGE_KEY.replaceAll("\n", "\r\n")), FOUND);
  assert.deepEqual(read(PACKAGE_KEY.replace("\n\n", "\nVersion: 1\nComment: x\n\n")), FOUND);
  assert.deepEqual(read(PACKAGE_KEY.replace(/^=.*\n/m, "")), FOUND);
});

Deno.test("a keyring has all its keys, armored block by block or binary", () => {
  const twice = { ok: true, fingerprints: [PACKAGE_KEY_FINGERPRINT, PACKAGE_KEY_FINGERPRINT] };
  assert.deepEqual(read(PACKAGE_KEY + PACKAGE_KEY), twice);
  assert.deepEqual(readOpenPgpKeys(binary()), FOUND);
  assert.deepEqual(readOpenPgpKeys(Uint8Array.of(...binary(), ...binary())), twice);
});

Deno.test("first lines without a last one cost one look each, however many there are", () => {
  const line = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n";
  const keys = read(line.repeat(Math.floor(MAX_OPENPGP_BYTES / line.length)));
  assert.match(keys.ok ? "accepted" : keys.reason, /no whole/);
  const last = "-----END PGP PUBLIC KEY BLOCK-----";
  assert.deepEqual(read(PACKAGE_KEY.replace(last, `${last} \t`)), FOUND);
  assert.match(JSON.stringify(read(PACKAGE_KEY.replace(last, `${last}x`))), /no whole/);
});

Deno.test("a packet's length may be written in each of its forms", () => {
  const old = binary();
  const body = old.subarray(2, 2 + (old[1] ?? 0));
  const { length } = body;
  for (
    const head of [
      [0x98, length],
      [0x99, 0, length],
      [0x9a, 0, 0, 0, length],
      [0xc6, length],
      [0xc6, 255, 0, 0, 0, length],
    ]
  ) {
    assert.deepEqual(readOpenPgpKeys(Uint8Array.of(...head, ...body)), FOUND, String(head));
  }
});

const REFUSED: readonly [title: string, material: Uint8Array, reason: RegExp][] = [
  ["nothing", new Uint8Array(), /empty/],
  ["text", new TextEncoder().encode("ssh-ed25519 AAAA"), /BEGIN PGP PUBLIC KEY BLOCK/],
  ["a key that was cut", binary().subarray(0, 40), /cut or damaged at byte 0/],
  ["armor without an end", new TextEncoder().encode(PACKAGE_KEY.slice(0, -40)), /no whole/],
  [
    "armor with a foreign letter",
    new TextEncoder().encode(PACKAGE_KEY.replace("mDME", "m!ME")),
    /not base64/,
  ],
  ["packets without a key", Uint8Array.of(0xcd, 1, 65), /no public key/],
  ["a key of version 3", Uint8Array.of(0xc6, 2, 3, 0), /version that is not known/],
  ["a private key", Uint8Array.of(0xc5, 1, 4), /private key/],
  [
    "an armored private key",
    new TextEncoder().encode("-----BEGIN PGP PRIVATE KEY BLOCK-----\n"),
    /private key/,
  ],
  ["more than the limit", new Uint8Array(MAX_OPENPGP_BYTES + 1), /more than/],
];

for (const [title, material, reason] of REFUSED) {
  Deno.test(`${title} is no key`, () => {
    const keys = readOpenPgpKeys(material);
    assert.match(keys.ok ? "accepted" : keys.reason, reason);
  });
}

Deno.test("no bytes make the reader throw", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    assert.equal(typeof readOpenPgpKeys(bytes).ok, "boolean");
    bytes[0] = 0x80 | (bytes[0] ?? 0);
    assert.equal(typeof readOpenPgpKeys(bytes).ok, "boolean");
  }));
});
