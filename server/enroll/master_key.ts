import { hkdfSync } from "node:crypto";

/** Length of the master key, in bytes. */
export const MASTER_KEY_BYTES = 32;

/** The master key from the text of its file; undefined if it is none. */
export function parseMasterKey(text: string): Uint8Array<ArrayBuffer> | undefined {
  const hex = text.trim();
  return /^[0-9a-f]{64}$/.test(hex) ? Uint8Array.fromHex(hex) : undefined;
}

/** 32 bytes for one named purpose (HKDF-SHA-256, RFC 5869), the same from the same master key. */
export function deriveKey(masterKey: Uint8Array, purpose: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hkdfSync("sha256", masterKey, "vigo", purpose, 32));
}
