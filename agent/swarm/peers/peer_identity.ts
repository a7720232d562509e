import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { sha256Hex } from "../../../shared/crypto/sha256.ts";

/** Who is at the other end of a connection, as the fleet's CA certified it. */
export interface PeerIdentity {
  readonly uuid: string;
  readonly hostname: string;
  /** SHA-256 of the certificate, hex. */
  readonly fingerprint: string;
}

export type PeerVerdict =
  | { readonly ok: true; readonly peer: PeerIdentity }
  | { readonly ok: false; readonly reason: string };

/** Certificates that were read are remembered, up to so many: a busy neighbour connects again and again. */
const MAX_REMEMBERED = 256;

/** What a certificate says, by its fingerprint. */
const remembered = new Map<string, CertificateFacts>();

interface CertificateFacts {
  readonly usages: readonly string[];
  /** Absent if it does not name exactly one envoy. */
  readonly peer: PeerIdentity | undefined;
}

/** SHA-256 of a certificate's DER, as hex. @param pem The certificate, first of its chain. */
export function certificateFingerprint(pem: string): string {
  const [raw] = x509.PemConverter.decode(pem);
  if (!raw) throw new TypeError("Cannot tell a certificate's fingerprint: there is none");
  return sha256Hex(new Uint8Array(raw));
}

const ENVOY_URI = /^vigo:envoy:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/**
 * Reads who a certificate is for. The TLS layer has verified its chain and time; peers are told apart by UUID, never by
 * address or by the name they were dialled under.
 *
 * @param raw The certificate, DER.
 * @param role What the peer must be allowed to be.
 */
export function readPeerIdentity(raw: Uint8Array, role: "client" | "server"): PeerVerdict {
  const { usages, peer } = readFacts(raw);
  const wanted = role === "server"
    ? x509.ExtendedKeyUsage.serverAuth
    : x509.ExtendedKeyUsage.clientAuth;
  if (!usages.includes(wanted)) {
    return {
      ok: false,
      reason:
        `certificate does not allow extended key usage for ${role} authentication: re-enrol this envoy`,
    };
  }
  return peer
    ? { ok: true, peer }
    : { ok: false, reason: "certificate does not name exactly one envoy" };
}

/** Reading ASN.1 takes milliseconds, and every connection of a download shows a certificate at both ends. */
function readFacts(raw: Uint8Array): CertificateFacts {
  const fingerprint = sha256Hex(raw);
  const known = remembered.get(fingerprint);
  if (known) return known;
  const facts = parseFacts(raw, fingerprint);
  for (const oldest of remembered.keys()) {
    if (remembered.size < MAX_REMEMBERED) break;
    remembered.delete(oldest);
  }
  remembered.set(fingerprint, facts);
  return facts;
}

function parseFacts(raw: Uint8Array, fingerprint: string): CertificateFacts {
  const certificate = new x509.X509Certificate(new Uint8Array(raw));
  const usages = certificate.getExtension(x509.ExtendedKeyUsageExtension)?.usages ?? [];
  const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  const uuids = names.flatMap(({ type, value }) =>
    type === "url" ? ENVOY_URI.exec(value)?.[1] ?? [] : []
  );
  const hostname = names.find(({ type }) => type === "dns")?.value;
  const [uuid] = uuids;
  if (uuids.length !== 1 || uuid === undefined || hostname === undefined) {
    return { usages: usages.map(String), peer: undefined };
  }
  return { usages: usages.map(String), peer: { uuid, hostname, fingerprint } };
}
