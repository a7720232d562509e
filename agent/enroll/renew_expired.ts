import { X509Certificate } from "node:crypto";
import { renewalBytes } from "../../shared/canonical/envoy_frames.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import { renew, renewNonce } from "../../shared/rest/enroll.ts";
import type { Identity } from "../store/identity.ts";
import { makeKeyAndRequest } from "./make_csr.ts";
import { callRest, type ServerTrust } from "./rest_client.ts";

/**
 * Renews a certificate that has expired, proven by the envoy's ed25519 key over a nonce of the server's.
 *
 * @param rest base of the server's REST listener.
 * @throws {RestError} if the server cannot be reached, or refuses because the envoy is revoked or expired too long ago.
 */
export async function renewExpired(rest: string, identity: Identity): Promise<TlsIdentity> {
  const trust: ServerTrust = { kind: "ca", pem: identity.ca };
  const { nonce } = await callRest(rest, trust, renewNonce, { query: {}, body: undefined });
  const { privateKeyPem, csr } = await makeKeyAndRequest(identity.hostname);
  const frame = renewalBytes({
    nonce: Uint8Array.fromHex(nonce),
    csr,
    envoyUuid: identity.envoyUuid,
  });
  const { certificate } = await callRest(rest, trust, renew, {
    query: {},
    body: {
      envoyUuid: identity.envoyUuid,
      nonce,
      csr: csr.toBase64(),
      signature: identity.signer.sign(frame).toBase64(),
    },
  });
  return { certificate, privateKey: privateKeyPem };
}

/** DER as PEM. */
export function certificatePem(der: Uint8Array): string {
  // Parsing proves that these bytes are a certificate before they replace a working one.
  return new X509Certificate(der).toString();
}
