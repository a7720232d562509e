import { loadVerifier } from "../crypto/ed25519.ts";

/** Whether `key` signed `bytes`; a key that is none, or of small order, signed nothing. All but `bytes` is hex. */
export function verifySignature(key: string, bytes: Uint8Array, signature: string): boolean {
  try {
    return loadVerifier(Uint8Array.fromHex(key)).verify(bytes, Uint8Array.fromHex(signature));
  } catch {
    return false;
  }
}
