import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import type { TlsIdentity } from "../../../shared/platform/client_certificate_probe.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const HOUR_MS = 3_600_000;

/**
 * An identity that no fleet's CA signed, made in memory: what the start-up self test must see refused. In all else it looks
 * like an envoy's, so that only a runtime which verifies who signed it can tell.
 */
export async function makeStrangerIdentity(): Promise<TlsIdentity> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: crypto.randomUUID().replaceAll("-", ""),
    name: "CN=stranger",
    notBefore: new Date(Date.now() - HOUR_MS),
    notAfter: new Date(Date.now() + HOUR_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: "dns", value: "stranger" },
        { type: "url", value: `vigo:envoy:${crypto.randomUUID()}` },
      ]),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certificate: certificate.toString("pem"),
    privateKey: x509.PemConverter.encode(pkcs8, "PRIVATE KEY"),
  };
}
