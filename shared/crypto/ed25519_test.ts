import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { generateEd25519, loadSigner, loadVerifier } from "./ed25519.ts";

/** RFC 8032, section 7.1: tests 1, 2, 3 and SHA(abc). */
const RFC_8032 = [
  {
    seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    message: "",
    signature: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155" +
      "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  },
  {
    seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    message: "72",
    signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  },
  {
    seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    message: "af82",
    signature: "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac" +
      "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  },
  {
    seed: "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
    publicKey: "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
    message: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
      "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    signature: "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589" +
      "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
  },
] as const;

/** PKCS#8 that precedes a raw seed (RFC 8410, section 7). */
const PKCS8_PREFIX = "302e020100300506032b657004220420";

RFC_8032.forEach(({ seed, publicKey, message, signature }, index) => {
  Deno.test(`RFC 8032 vector ${index + 1} is signed and verified as published`, () => {
    const der = Buffer.from(PKCS8_PREFIX + seed, "hex");
    const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    const signer = loadSigner(key.export({ format: "pem", type: "pkcs8" }).toString());
    const bytes = Uint8Array.fromHex(message);
    assert.equal(signer.publicKey.toHex(), publicKey);
    assert.equal(signer.sign(bytes).toHex(), signature);
    const verifier = loadVerifier(Uint8Array.fromHex(publicKey));
    assert.ok(verifier.verify(bytes, Uint8Array.fromHex(signature)));
  });
});

Deno.test("no bit of a signature or of its message can be changed", () => {
  const { signer } = generateEd25519();
  const verifier = loadVerifier(signer.publicKey);
  const message = new TextEncoder().encode("agreed");
  const signature = signer.sign(message);
  for (let bit = 0; bit < 512; bit++) {
    const altered = signature.slice();
    altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.equal(verifier.verify(message, altered), false);
  }
  assert.equal(verifier.verify(new TextEncoder().encode("Agreed"), signature), false);
});

Deno.test("a signature whose scalar is not reduced is refused (RFC 8032, 5.1.7)", () => {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const { signer } = generateEd25519();
  const message = new TextEncoder().encode("malleable");
  const signature = signer.sign(message);
  const scalar = BigInt(`0x${signature.slice(32).reverse().toHex()}`) + order;
  const altered = signature.slice();
  altered.set(Uint8Array.fromHex(scalar.toString(16).padStart(64, "0")).reverse(), 32);
  assert.equal(loadVerifier(signer.publicKey).verify(message, altered), false);
});

Deno.test("a signature of another length does not verify", () => {
  const { signer } = generateEd25519();
  const message = new Uint8Array(3);
  const signature = signer.sign(message);
  const verifier = loadVerifier(signer.publicKey);
  assert.equal(verifier.verify(message, signature.subarray(0, 63)), false);
  assert.equal(verifier.verify(message, new Uint8Array(65)), false);
});

Deno.test("a key is written to PEM and read back", () => {
  const { privateKeyPem, signer } = generateEd25519();
  assert.deepEqual(loadSigner(privateKeyPem).publicKey, signer.publicKey);
});

Deno.test("what is no ed25519 key is refused without being quoted", () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  assert.throws(() => loadSigner(pem), /it is ec, not ed25519/);
  assert.throws(
    () => loadSigner("my private text"),
    (error) => error instanceof TypeError && !error.message.includes("my private text"),
  );
  assert.throws(() => loadVerifier(new Uint8Array(31)), /has 31 bytes, not 32/);
});

/** All encodings of points of small order (ZIP 215, test vectors): eight canonical ones, then those that are not. */
const SMALL_ORDER = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "0100000000000000000000000000000000000000000000000000000000000080",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
] as const;

Deno.test("a public key of small order is refused in every encoding, since anything seems signed by it", () => {
  for (const key of SMALL_ORDER) {
    assert.throws(() => loadVerifier(Uint8Array.fromHex(key)), /small order/, key);
  }
});
