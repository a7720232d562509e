import { Buffer } from "node:buffer";
import { createPrivateKey } from "node:crypto";
import { loadSigner, type Signer } from "../../shared/crypto/ed25519.ts";

/** Length of a private seed, in bytes (RFC 8032, section 5.1.5). */
export const SEED_BYTES = 32;

/** DER that precedes a raw seed in PKCS#8 (RFC 8410, section 7). */
const PKCS8_PREFIX = Uint8Array.fromHex("302e020100300506032b657004220420");

/** A fresh private seed; the caller overwrites it after use. */
export function makeSeed(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(SEED_BYTES));
}

/**
 * A signer from a raw seed. It keeps a copy of its own in the memory of the cryptographic library.
 *
 * @throws {RangeError} if the seed does not have 32 bytes.
 */
export function loadSeed(seed: Uint8Array): Signer {
  if (seed.length !== SEED_BYTES) {
    throw new RangeError(`Cannot load a seed of ${seed.length} bytes: ${SEED_BYTES} are needed`);
  }
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  try {
    const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    return loadSigner(key.export({ format: "pem", type: "pkcs8" }).toString());
  } finally {
    der.fill(0);
  }
}
