import { Buffer } from "node:buffer";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { SIGNED_METHODS } from "../../shared/canonical/envoy_frames.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import { RenewCertificateRequest, RenewCertificateResponse } from "../../shared/proto/agent.ts";
import { makeKeyAndRequest } from "../enroll/make_csr.ts";
import { certificatePem } from "../enroll/renew_expired.ts";
import type { SignedCaller } from "../server_link/signed_caller.ts";

const RENEW_CERTIFICATE = SIGNED_METHODS[2];

/** The identity after a renewal, or why there is none. */
export type Renewed =
  | { readonly ok: true; readonly identity: TlsIdentity }
  | { readonly ok: false; readonly reason: string };

/** Asks for a certificate over a new key while the present one is still good. */
export async function renewCertificate(caller: SignedCaller, hostname: string): Promise<Renewed> {
  const { privateKeyPem, csr } = await makeKeyAndRequest(hostname);
  const body = RenewCertificateRequest.encode({ csr: Buffer.from(csr) }).finish();
  const outcome = await caller.call(RENEW_CERTIFICATE, body);
  if (!outcome.ok) return { ok: false, reason: outcome.failure.message };
  try {
    const { certificate } = RenewCertificateResponse.decode(outcome.value);
    return judgeRenewed({ certificate: certificatePem(certificate), privateKey: privateKeyPem });
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** A certificate replaces a working one only if it is for the key that was sent. */
export function judgeRenewed(identity: TlsIdentity): Renewed {
  const certificate = new X509Certificate(identity.certificate);
  if (!certificate.checkPrivateKey(createPrivateKey(identity.privateKey))) {
    return { ok: false, reason: "the certificate is for another key than the one that was sent" };
  }
  return { ok: true, identity };
}
