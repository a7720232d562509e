import { createHash } from "node:crypto";

/** A SHA-256 digest as 64 lowercase hex digits. */
export type Sha256 = string & { readonly __brand: "Sha256" };

/** The digest of `data` as 32 raw bytes. */
export function sha256(data: Uint8Array | string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(data).digest());
}

/** The digest of `data` as hex. */
export function sha256Hex(data: Uint8Array | string): Sha256 {
  // Proven by construction: 32 bytes printed as hex.
  return createHash("sha256").update(data).digest("hex") as Sha256;
}

/** Whether `text` has the form of a digest: exactly 64 lowercase hex digits, so that it is safe in a path. */
export function isSha256(text: string): text is Sha256 {
  return /^[0-9a-f]{64}$/.test(text);
}
