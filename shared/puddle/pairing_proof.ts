import { createHmac, timingSafeEqual } from "node:crypto";
import { DOMAIN } from "../canonical/domain.ts";
import { encodeFrame } from "../canonical/frame.ts";
import { sha256 } from "../crypto/sha256.ts";

/** Length of the nonce that each side of a pairing adds, in bytes. */
export const PAIRING_NONCE_BYTES = 32;

/** What two machines agree on when one hands an identity to the other. */
export interface PairingTerms {
  /** SHA-256 of the certificate (DER) that each side showed in the TLS handshake, as hex. */
  readonly sourceCertificate: string;
  readonly claimerCertificate: string;
  /** As hex. */
  readonly sourceNonce: string;
  readonly claimerNonce: string;
  /** Whose offer it is, on the source's host. */
  readonly user: string;
  /** The source's hostname, as enrolled. */
  readonly host: string;
}

/** Who proves that it knows the code. The roles differ, so that neither proof can be sent back. */
export type PairingRole = "claimer" | "source";

/**
 * Proof that one side knows the code: HMAC-SHA-256 over the role, both certificates, both nonces, user, host, and the
 * SHA-256 of what the source hands over (no bytes for the claimer).
 *
 * @param code The 16 characters, without separators.
 */
export function provePairing(
  role: PairingRole,
  code: string,
  terms: PairingTerms,
  content: Uint8Array | undefined,
): string {
  return createHmac("sha256", code).update(pairingBytes(role, terms, content)).digest("hex");
}

/** Whether `proof` is what {@linkcode provePairing} makes, in a time that does not tell how much of it is right. */
export function isPairingProof(
  proof: string,
  role: PairingRole,
  code: string,
  terms: PairingTerms,
  content: Uint8Array | undefined,
): boolean {
  const wanted = Uint8Array.fromHex(provePairing(role, code, terms, content));
  if (!/^[0-9a-f]{64}$/.test(proof)) return false;
  return timingSafeEqual(wanted, Uint8Array.fromHex(proof));
}

/** The bytes under the keyed hash. */
export function pairingBytes(
  role: PairingRole,
  terms: PairingTerms,
  content: Uint8Array | undefined,
): Uint8Array<ArrayBuffer> {
  return encodeFrame(DOMAIN.puddlePairing, [
    role,
    Uint8Array.fromHex(terms.sourceCertificate),
    Uint8Array.fromHex(terms.claimerCertificate),
    Uint8Array.fromHex(terms.sourceNonce),
    Uint8Array.fromHex(terms.claimerNonce),
    terms.user,
    terms.host,
    content === undefined ? new Uint8Array() : sha256(content),
  ]);
}
