import { X509Certificate } from "node:crypto";
import { readEnvoyIdentity } from "../../shared/crypto/envoy_identity.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import type { EnvoyTrust } from "../auth/authenticator.ts";
import type { ClientCertificate } from "../auth/credentials.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";

/** The trust of the fleet's index, which a self-test can widen by one made-up envoy for as long as it runs. */
export interface TestableTrust extends EnvoyTrust {
  /** @param member a certificate of this fleet's CA that no envoy has. */
  whileTrusting(member: TlsIdentity, work: () => Promise<void>): Promise<void>;
}

/**
 * Trusts a certificate while its envoy is active under the very key that is bound in it, and no second machine seems to use
 * it.
 *
 * @param wasRevoked whether this very certificate counts no more, as after a rename.
 */
export function fleetTrust(
  index: FleetIndex,
  wasRevoked: (envoyUuid: string, fingerprint: string) => boolean,
): TestableTrust {
  let probe: string | undefined;
  return {
    isTrusted: ({ envoyUuid, signingKey, fingerprint }: ClientCertificate) => {
      if (envoyUuid === probe) return true;
      const record = index.get(envoyUuid)?.record;
      return record?.state === "active" && record.signingKey === signingKey &&
        !record.suspectedClone && !wasRevoked(envoyUuid, fingerprint);
    },
    whileTrusting: async (member, work) => {
      const read = readEnvoyIdentity(new X509Certificate(member.certificate).raw);
      if (!read.ok) throw new Error(`The self-test's certificate is wrong: ${read.reason}`);
      probe = read.identity.uuid;
      try {
        await work();
      } finally {
        probe = undefined;
      }
    },
  };
}
