import "reflect-metadata";
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from "@peculiar/x509";

/** Who a certificate of the fleet's CA speaks for. */
export interface EnvoyIdentity {
  readonly uuid: string;
  /** The hostname bound at enrolment, in lower case. */
  readonly hostname: string;
  /** ed25519 public key, 64 hex digits. */
  readonly signingKey: string;
}

export type EnvoyIdentityResult =
  | { readonly ok: true; readonly identity: EnvoyIdentity }
  | { readonly ok: false; readonly reason: string };

/** Largest certificate read, in bytes of DER: those of this CA have about 700. */
export const MAX_CERTIFICATE_BYTES = 8 * 1024;

/** What a certificate without the extended key usage for server authentication is told. */
export const NO_SERVER_AUTH =
  "certificate does not allow extended key usage for server authentication; re-enrol this envoy";

const UUID_NAME = /^vigo:envoy:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const KEY_NAME = /^vigo:ed25519:([0-9a-f]{64})$/;

/** The names that bind an envoy's identity into its certificate; {@linkcode readEnvoyIdentity} reads them back. */
export function envoyCertificateNames(
  identity: EnvoyIdentity,
): { readonly dns: string; readonly urls: readonly [string, string] } {
  return {
    dns: identity.hostname,
    urls: [`vigo:envoy:${identity.uuid}`, `vigo:ed25519:${identity.signingKey}`],
  };
}

/**
 * Reads whom a peer's certificate speaks for. The chain must have been verified before: this says what the certificate
 * claims, not whether it is true. A certificate that names two of anything, or lacks one of the two extended key usages,
 * is nobody's.
 *
 * @param der the certificate, DER.
 */
export function readEnvoyIdentity(der: Uint8Array): EnvoyIdentityResult {
  if (der.length > MAX_CERTIFICATE_BYTES) {
    return refuse(`certificate of ${der.length} bytes is larger than ${MAX_CERTIFICATE_BYTES}`);
  }
  let names: readonly { type: string; value: string }[];
  let usages: readonly unknown[];
  try {
    const certificate = new X509Certificate(new Uint8Array(der));
    names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
    usages = certificate.getExtension(ExtendedKeyUsageExtension)?.usages ?? [];
  } catch {
    return refuse("certificate cannot be parsed");
  }
  if (!usages.includes(ExtendedKeyUsage.serverAuth)) return refuse(NO_SERVER_AUTH);
  if (!usages.includes(ExtendedKeyUsage.clientAuth)) {
    return refuse(
      "certificate does not allow extended key usage for client authentication; re-enrol this envoy",
    );
  }
  const hostnames = names.filter(({ type }) => type === "dns").map(({ value }) => value);
  const urls = names.filter(({ type }) => type === "url").map(({ value }) => value);
  const uuids = urls.flatMap((url) => UUID_NAME.exec(url)?.[1] ?? []);
  const keys = urls.flatMap((url) => KEY_NAME.exec(url)?.[1] ?? []);
  const [hostname] = hostnames, [uuid] = uuids, [signingKey] = keys;
  if (
    !hostname || !uuid || !signingKey || hostnames.length + uuids.length + keys.length !== 3
  ) {
    return refuse("certificate does not name one hostname, one envoy and one signing key");
  }
  return { ok: true, identity: { uuid, hostname: hostname.toLowerCase(), signingKey } };
}

function refuse(reason: string): EnvoyIdentityResult {
  return { ok: false, reason };
}
