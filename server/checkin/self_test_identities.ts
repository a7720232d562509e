import "reflect-metadata";
import { PemConverter } from "@peculiar/x509";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import type { Authority } from "../enroll/certificate_authority.ts";
import {
  generateKeyPair,
  issueAuthorityCertificate,
  issueEnvoyCertificate,
} from "../enroll/certificates.ts";

/**
 * Two identities for the start-up self-test: one of this fleet's CA, one of a CA that nobody knows. Their keys exist in
 * memory alone, and the member's UUID is of no envoy.
 */
export async function makeSelfTestIdentities(
  authority: Authority,
  nowMs: number,
): Promise<{ readonly member: TlsIdentity; readonly stranger: TlsIdentity }> {
  const identity = {
    uuid: crypto.randomUUID(),
    hostname: "self-test",
    signingKey: crypto.getRandomValues(new Uint8Array(32)).toHex(),
  };
  const keys = await generateKeyPair();
  const member = await authority.issueEnvoyCertificate(keys.publicKey, identity);
  const foreignKeys = await generateKeyPair();
  const issuer = {
    certificate: await issueAuthorityCertificate(foreignKeys, "Nobody's CA", nowMs),
    privateKey: foreignKeys.privateKey,
  };
  const stranger = await issueEnvoyCertificate(issuer, keys.publicKey, identity, nowMs);
  const privateKey = PemConverter.encode(
    await crypto.subtle.exportKey("pkcs8", keys.privateKey),
    "PRIVATE KEY",
  );
  return {
    member: { certificate: member.pem, privateKey },
    stranger: { certificate: stranger.pem, privateKey },
  };
}
