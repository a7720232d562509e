import { Buffer } from "node:buffer";
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signNative,
  verify as verifyNative,
} from "node:crypto";

/** Length of a public key and of a private seed, in bytes (RFC 8032, section 5.1.5). */
export const ED25519_KEY_BYTES = 32;
/** Length of a signature, in bytes (RFC 8032, section 5.1.6). */
export const ED25519_SIGNATURE_BYTES = 64;

/** DER that precedes the raw key in SubjectPublicKeyInfo (RFC 8410, section 4). */
const SPKI_PREFIX = Uint8Array.fromHex("302a300506032b6570032100");

/**
 * The y coordinates of the points of small order, in every encoding that decoders accept, the bit of x's sign cleared (the
 * eight points of RFC 8032's curve and their unreduced forms, as ZIP 215 lists them). Under such a key signatures verify
 * that nobody made.
 */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

/** Signs bytes with one private key that it never shows. */
export interface Signer {
  /** The public half, 32 raw bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  sign(message: Uint8Array): Uint8Array<ArrayBuffer>;
}

/** Checks signatures against one public key; parse a key once and keep its verifier. */
export interface Verifier {
  readonly publicKey: Uint8Array<ArrayBuffer>;
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

/** Makes a key pair. The private half is returned as PKCS#8 PEM, for a file of mode 0600. */
export function generateEd25519(): { privateKeyPem: string; signer: Signer } {
  const { privateKey } = generateKeyPairSync("ed25519");
  const privateKeyPem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  return { privateKeyPem, signer: signerOf(privateKey) };
}

/**
 * A signer from PKCS#8 PEM.
 *
 * @throws {TypeError} if the text is not an ed25519 private key; the message never quotes it.
 */
export function loadSigner(privateKeyPem: string): Signer {
  let key: KeyObject;
  try {
    key = createPrivateKey(privateKeyPem);
  } catch {
    throw new TypeError("Cannot load signing key: it is not a PKCS#8 PEM private key");
  }
  if (key.asymmetricKeyType !== "ed25519") {
    throw new TypeError(`Cannot load signing key: it is ${key.asymmetricKeyType}, not ed25519`);
  }
  return signerOf(key);
}

/**
 * A verifier from a raw public key.
 *
 * @throws {TypeError} if the key is not 32 bytes long, or a point of small order, under which anything can seem signed.
 */
export function loadVerifier(publicKey: Uint8Array): Verifier {
  if (publicKey.length !== ED25519_KEY_BYTES) {
    throw new TypeError(
      `Cannot load ed25519 public key: it has ${publicKey.length} bytes, not ${ED25519_KEY_BYTES}`,
    );
  }
  if (isSmallOrder(publicKey)) {
    throw new TypeError("Cannot load ed25519 public key: it is a point of small order");
  }
  const raw = new Uint8Array(publicKey);
  const spki = new Uint8Array(SPKI_PREFIX.length + raw.length);
  spki.set(SPKI_PREFIX);
  spki.set(raw, SPKI_PREFIX.length);
  const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  return {
    publicKey: raw,
    verify: (message, signature) =>
      signature.length === ED25519_SIGNATURE_BYTES && verifyNative(null, message, key, signature),
  };
}

function isSmallOrder(publicKey: Uint8Array): boolean {
  const y = new Uint8Array(publicKey);
  y[ED25519_KEY_BYTES - 1] = (y[ED25519_KEY_BYTES - 1] ?? 0) & 0x7f;
  return SMALL_ORDER_Y.has(y.toHex());
}

function signerOf(privateKey: KeyObject): Signer {
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const publicKey = new Uint8Array(spki.subarray(SPKI_PREFIX.length));
  return {
    publicKey,
    sign: (message) => new Uint8Array(signNative(null, message, privateKey)),
  };
}
