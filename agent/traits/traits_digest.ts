import { canonicalJson, type Json } from "../../shared/canonical/canonical_json.ts";
import { sha256 } from "../../shared/crypto/sha256.ts";

/** The bytes of stable traits as they travel, and their SHA-256: equal digests mean equal traits. */
export function encodeStableTraits(
  traits: Readonly<Record<string, Json>>,
): { bytes: Uint8Array<ArrayBuffer>; digest: Uint8Array<ArrayBuffer> } {
  const text = canonicalJson(traits);
  return { bytes: new TextEncoder().encode(text), digest: sha256(text) };
}
