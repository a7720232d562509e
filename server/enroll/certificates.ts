import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { isIP } from "node:net";
import { envoyCertificateNames, type EnvoyIdentity } from "../../shared/crypto/envoy_identity.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";

/** Every certificate of a fleet is ECDSA over P-256. */
export const KEY_ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNING_ALGORITHM = { ...KEY_ALGORITHM, hash: "SHA-256" } as const;

const DAY_MS = 86_400_000;
const CA_LIFE_MS = 3652 * DAY_MS;
const SERVER_LIFE_MS = 365 * DAY_MS;
const ENVOY_LIFE_MS = 90 * DAY_MS;
/** Certificates begin in the past, since the clocks of a fleet are never quite equal. */
const BACKDATE_MS = DAY_MS;

/** Largest certificate request read, in bytes of DER: one for P-256 has about 250. */
export const MAX_CSR_BYTES = 5 * 1024;

/** The key pair and certificate that sign others. */
export interface Issuer {
  readonly certificate: X509Certificate;
  readonly privateKey: CryptoKey;
}

/** A certificate that was just made. */
export interface IssuedCertificate {
  readonly der: Uint8Array;
  readonly pem: string;
  /** SHA-256 of the DER. */
  readonly fingerprint: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** A key pair; the private half can be exported, to be written to a file of mode 0600. */
export async function generateKeyPair(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
}

/** Makes a CA certificate over its own key, good for ten years; it signs end entities and no further CA. */
export async function issueAuthorityCertificate(
  keys: CryptoKeyPair,
  commonName: string,
  nowMs: number,
): Promise<X509Certificate> {
  return await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerialNumber(),
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: SIGNING_ALGORITHM,
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + CA_LIFE_MS),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
}

/** Makes the certificate of the server's two listeners, good for one year. */
export async function issueServerCertificate(
  issuer: Issuer,
  publicKey: CryptoKey,
  names: readonly string[],
  nowMs: number,
): Promise<IssuedCertificate> {
  return await issue(issuer, {
    publicKey,
    commonName: "Vigo server",
    names: names.map((value) => ({ type: isIP(value) ? "ip" as const : "dns" as const, value })),
    usages: [ExtendedKeyUsage.serverAuth],
    nowMs,
    lifeMs: SERVER_LIFE_MS,
  });
}

/** Makes an envoy's certificate, good for 90 days as client and as server of its peers. */
export async function issueEnvoyCertificate(
  issuer: Issuer,
  publicKey: CryptoKey,
  identity: EnvoyIdentity,
  nowMs: number,
): Promise<IssuedCertificate> {
  const { dns, urls } = envoyCertificateNames(identity);
  return await issue(issuer, {
    publicKey,
    // Not the hostname: a common name holds 64 characters (RFC 5280, appendix A.1).
    commonName: identity.uuid,
    names: [
      { type: "dns", value: dns },
      ...urls.map((value) => ({ type: "url" as const, value })),
    ],
    usages: [ExtendedKeyUsage.clientAuth, ExtendedKeyUsage.serverAuth],
    nowMs,
    lifeMs: ENVOY_LIFE_MS,
  });
}

export type CsrResult =
  | { readonly ok: true; readonly publicKey: CryptoKey }
  | { readonly ok: false; readonly reason: string };

/** Takes the public key out of a PKCS#10 request, after its self-signature proved that the asker holds the private one. */
export async function readCsrPublicKey(der: Uint8Array): Promise<CsrResult> {
  if (der.length > MAX_CSR_BYTES) {
    return { ok: false, reason: `CSR of ${der.length} bytes is larger than ${MAX_CSR_BYTES}` };
  }
  try {
    const csr = new Pkcs10CertificateRequest(new Uint8Array(der));
    const publicKey = await csr.publicKey.export(KEY_ALGORITHM, ["verify"]);
    if (!await csr.verify()) return { ok: false, reason: "CSR is not signed by its own key" };
    return { ok: true, publicKey };
  } catch {
    return { ok: false, reason: "CSR is not PKCS#10 with an ECDSA key over P-256" };
  }
}

/** `sha256//…` of a public key, as `curl --pinnedpubkey` takes it. */
export async function publicKeyPin(key: CryptoKey): Promise<string> {
  const spki = (await PublicKey.create(key)).rawData;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", spki));
  return `sha256//${digest.toBase64()}`;
}

interface EndEntity {
  readonly publicKey: CryptoKey;
  readonly commonName: string;
  readonly names: JsonGeneralNames;
  readonly usages: string[];
  readonly nowMs: number;
  readonly lifeMs: number;
}

async function issue(issuer: Issuer, subject: EndEntity): Promise<IssuedCertificate> {
  // No certificate outlives the one that vouches for it.
  const notAfterMs = Math.min(
    subject.nowMs + subject.lifeMs,
    issuer.certificate.notAfter.getTime(),
  );
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: [{ CN: [subject.commonName] }],
    issuer: issuer.certificate.subject,
    notBefore: new Date(subject.nowMs - BACKDATE_MS),
    notAfter: new Date(notAfterMs),
    publicKey: subject.publicKey,
    signingKey: issuer.privateKey,
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(subject.usages),
      new SubjectAlternativeNameExtension(subject.names),
      await AuthorityKeyIdentifierExtension.create(issuer.certificate.publicKey),
      await SubjectKeyIdentifierExtension.create(subject.publicKey),
    ],
  });
  const der = new Uint8Array(certificate.rawData);
  return {
    der,
    pem: certificate.toString("pem"),
    fingerprint: sha256Hex(der),
    notBeforeMs: certificate.notBefore.getTime(),
    notAfterMs: certificate.notAfter.getTime(),
  };
}

/** 16 random bytes, positive (RFC 5280, section 4.1.2.2). */
function newSerialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toHex();
}
