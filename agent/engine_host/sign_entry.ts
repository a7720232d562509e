import type { Signer } from "../../shared/crypto/ed25519.ts";
import {
  type ManifestEntry,
  manifestEntryBytes,
  manifestEntrySchema,
} from "../../shared/swarm/manifest_entry.ts";
import { parseTargetSpec } from "../../shared/targeting/target_spec.ts";

export type SignedEntry =
  | { readonly ok: true; readonly entry: ManifestEntry }
  | { readonly ok: false; readonly reason: string };

/** Stands for the signature while the other fields are judged. */
const NO_SIGNATURE = "0".repeat(128);

/**
 * The one signature that the swarm engine may ask for: a manifest entry of this envoy. The engine reads what other
 * machines send, so what it asks is judged like anything from outside.
 *
 * @param hostname as enrolled: an envoy does not sign that a seed comes from another.
 */
export function signEntry(
  asked: object,
  signer: Signer,
  hostname: string,
): SignedEntry {
  const parsed = manifestEntrySchema.safeParse({ ...asked, signature: NO_SIGNATURE });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { ok: false, reason: `entry: ${issue?.path.join(".")}: ${issue?.message}` };
  }
  const entry = parsed.data;
  if (entry.author !== signer.publicKey.toHex()) {
    return { ok: false, reason: `entry names author ${entry.author}, which is not this envoy` };
  }
  if (entry.state === "active" && entry.origin !== hostname) {
    return { ok: false, reason: `entry names origin "${entry.origin}", this is "${hostname}"` };
  }
  try {
    parseTargetSpec(entry.target);
  } catch (error) {
    return {
      ok: false,
      reason: `entry has a target that cannot be read: ${
        error instanceof Error ? error.message : error
      }`,
    };
  }
  const signature = signer.sign(manifestEntryBytes(entry)).toHex();
  return { ok: true, entry: { ...entry, signature } };
}
