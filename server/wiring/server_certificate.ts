import type { Logger } from "../../shared/platform/logging.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import { repeat } from "./repeat.ts";
import type { Authority } from "../enroll/certificate_authority.ts";

/** How often the server looks whether its own certificate is due for renewal. */
const CHECK_INTERVAL_MS = 12 * 3_600_000;

/** Renews the server's certificate in time and hands it to the listener. Returns what ends that. */
export function renewServerCertificate(
  authority: Authority,
  use: (identity: TlsIdentity) => void,
  logger: Logger,
): () => Promise<void> {
  const repeating = repeat(
    CHECK_INTERVAL_MS,
    async () => {
      if (!await authority.renewServerCertificate()) return;
      use(authority.serverIdentity);
      logger.info("Renewed the server's certificate", { notAfterMs: authority.serverNotAfterMs });
    },
    (error) =>
      logger.error("Cannot renew the server's certificate: {reason}", { reason: String(error) }),
  );
  return () => repeating.stop();
}
