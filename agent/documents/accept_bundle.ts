import {
  merkleRoot,
  type PolicyBundle,
  policyBundleSchema,
} from "../../shared/config/policy_bundle.ts";
import type { Verifier } from "../../shared/crypto/ed25519.ts";
import { openDocument, type SignedBytes } from "../../shared/canonical/signed_document.ts";

export type AcceptedBundle =
  | { readonly ok: true; readonly bundle: PolicyBundle }
  | { readonly ok: false; readonly reason: string };

/**
 * Judges a bundle: signed by the server, for this envoy, not older than the one held, and with the resources that its
 * root names. A rollback of the policy comes with a higher serial, so a lower one is always wrong.
 */
export function acceptBundle(
  signed: SignedBytes,
  verifier: Verifier,
  envoyUuid: string,
  heldSerial: number,
): AcceptedBundle {
  const opened = openDocument("policyBundle", signed, verifier, policyBundleSchema);
  if (!opened.ok) return opened;
  const bundle = opened.value;
  if (bundle.envoyUuid !== envoyUuid) {
    return { ok: false, reason: `bundle is for envoy ${bundle.envoyUuid}, this is ${envoyUuid}` };
  }
  if (bundle.serial < heldSerial) {
    return {
      ok: false,
      reason: `bundle has serial ${bundle.serial}, lower than ${heldSerial} which this envoy holds`,
    };
  }
  const root = merkleRoot(bundle.resources).toHex();
  if (root !== bundle.root) {
    return {
      ok: false,
      reason: `bundle names root ${bundle.root} but its resources have ${root}`,
    };
  }
  return { ok: true, bundle };
}
