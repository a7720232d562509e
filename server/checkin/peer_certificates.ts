import { X509Certificate } from "node:crypto";
import { type EnvoyIdentity, readEnvoyIdentity } from "../../shared/crypto/envoy_identity.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";

/** A client certificate whose chain TLS has verified. */
export interface PeerCertificate {
  readonly identity: EnvoyIdentity;
  /** SHA-256 of the DER, hex. */
  readonly fingerprint: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export type PeerResult =
  | { readonly ok: true; readonly peer: PeerCertificate }
  | { readonly ok: false; readonly reason: string };

/** Certificates whose parsed form is kept; past it all are forgotten and parsed again. */
const MAX_KEPT = 10_000;

/** Reads client certificates, each once: parsing one costs more than all the rest of a check-in. */
export class PeerCertificates {
  readonly #known = new Map<string, PeerResult>();

  /** @param der of a certificate whose chain was verified. */
  read(der: Uint8Array): PeerResult {
    const fingerprint = sha256Hex(der);
    const known = this.#known.get(fingerprint);
    if (known) return known;
    if (this.#known.size >= MAX_KEPT) this.#known.clear();
    const result = parse(der, fingerprint);
    this.#known.set(fingerprint, result);
    return result;
  }
}

function parse(der: Uint8Array, fingerprint: string): PeerResult {
  const read = readEnvoyIdentity(der);
  if (!read.ok) return read;
  const { validFrom, validTo } = new X509Certificate(der);
  const peer: PeerCertificate = {
    identity: read.identity,
    fingerprint,
    notBeforeMs: Date.parse(validFrom),
    notAfterMs: Date.parse(validTo),
  };
  return { ok: true, peer };
}
