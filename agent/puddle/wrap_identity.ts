import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { argon2id } from "hash-wasm";
import type { Secret } from "../../shared/crypto/secret.ts";
import {
  WRAP_COST,
  WRAP_NONCE_BYTES,
  WRAP_SALT_BYTES,
  type WrapCost,
  type WrappedHeader,
  wrappedHeaderBytes,
  type WrappedIdentity,
} from "../../shared/puddle/wrapped_identity.ts";
import { loadSeed, SEED_BYTES } from "./seed_signer.ts";

/** The passphrase does not fit, or the file was changed: which of the two cannot be told. */
export class WrongPassphraseError extends Error {
  override readonly name = "WrongPassphraseError";

  constructor() {
    super(
      "Cannot unwrap the identity: the passphrase is wrong, or identity.wrapped or identity.salt was changed",
    );
  }
}

/** What a private key is wrapped with. */
export interface WrapOptions {
  readonly passphrase: Secret;
  /** 16 bytes. */
  readonly salt: Uint8Array;
  /** Tests take less; what a file says is what opens it. */
  readonly cost?: WrapCost;
}

/**
 * Encrypts a private seed under a passphrase: Argon2id (RFC 9106) makes the key, XChaCha20-Poly1305 encrypts, and every field
 * of the header is authenticated.
 */
export async function wrapIdentity(
  seed: Uint8Array,
  { passphrase, salt, cost = WRAP_COST }: WrapOptions,
): Promise<WrappedIdentity> {
  const header: WrappedHeader = {
    version: 1,
    kdf: "argon2id",
    cost,
    cipher: "xchacha20-poly1305",
    nonce: crypto.getRandomValues(new Uint8Array(WRAP_NONCE_BYTES)).toHex(),
    publicKey: loadSeed(seed).publicKey.toHex(),
  };
  const key = await deriveKey(passphrase, salt, cost);
  try {
    return { header, ciphertext: cipherOf(key, header, salt).encrypt(seed).toHex() };
  } finally {
    key.fill(0);
  }
}

/**
 * The private seed, 32 bytes; the caller overwrites it after use.
 *
 * @throws {WrongPassphraseError} if it cannot be decrypted, or is not the one that the header names.
 */
export async function unwrapIdentity(
  { header, ciphertext }: WrappedIdentity,
  { passphrase, salt }: Omit<WrapOptions, "cost">,
): Promise<Uint8Array> {
  const key = await deriveKey(passphrase, salt, header.cost);
  let seed: Uint8Array;
  try {
    seed = cipherOf(key, header, salt).decrypt(Uint8Array.fromHex(ciphertext));
  } catch {
    throw new WrongPassphraseError();
  } finally {
    key.fill(0);
  }
  if (seed.length === SEED_BYTES && loadSeed(seed).publicKey.toHex() === header.publicKey) {
    return seed;
  }
  throw new WrongPassphraseError();
}

/** A fresh salt for `identity.salt`. */
export function makeSalt(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(WRAP_SALT_BYTES));
}

function deriveKey(
  passphrase: Secret,
  salt: Uint8Array,
  { memoryKib, iterations, parallelism }: WrapCost,
): Promise<Uint8Array> {
  return argon2id({
    // One keyboard composes accents, another sends them apart: both mean the same passphrase.
    password: passphrase.reveal().normalize("NFC"),
    salt,
    parallelism,
    iterations,
    memorySize: memoryKib,
    hashLength: 32,
    outputType: "binary",
  });
}

function cipherOf(key: Uint8Array, header: WrappedHeader, salt: Uint8Array) {
  return xchacha20poly1305(key, Uint8Array.fromHex(header.nonce), wrappedHeaderBytes(header, salt));
}
