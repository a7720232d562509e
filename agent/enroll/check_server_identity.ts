import { checkServerIdentity as checkName, type PeerCertificate } from "node:tls";

/**
 * Whether a certificate of the fleet's CA may stand for the server: it names the host that was dialled and is not that
 * of an envoy, since envoys' certificates are good for serving peers and come from the same CA.
 *
 * @returns the reason why not, as `node:tls` wants it.
 */
export function checkServerIdentity(
  hostname: string,
  certificate: PeerCertificate,
): Error | undefined {
  const names = certificate.subjectaltname ?? "";
  if (/(^|, )URI:"?vigo:envoy:/.test(names)) {
    return new Error(`The certificate of ${hostname} is that of an envoy (${names})`);
  }
  return checkName(hostname, certificate);
}
