import { PemConverter } from "@peculiar/x509";
import { generateKeyPair } from "../../server/enroll/certificates.ts";
import type { EnvoyRecord } from "../../server/store/store.ts";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import type { SimulatedIdentity } from "../support/simulated_envoy.ts";
import type { SimulatedFleet } from "../support/simulated_fleet.ts";

/** Hostnames `NAME-1` to `NAME-COUNT`. */
export function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${name}-${at + 1}`);
}

/** Envoys with a signing key each; they share one TLS key, since thousands of CSRs are not what is measured. */
export async function enrolMany(
  { authority, fleet, store }: Pick<SimulatedFleet, "authority" | "fleet" | "store">,
  hostnames: readonly string[],
): Promise<SimulatedIdentity[]> {
  const keys = await generateKeyPair();
  const tlsKeyPem = PemConverter.encode(
    await crypto.subtle.exportKey("pkcs8", keys.privateKey),
    "PRIVATE KEY",
  );
  const identities: SimulatedIdentity[] = [];
  const records: EnvoyRecord[] = [];
  for (const hostname of hostnames) {
    const uuid = crypto.randomUUID();
    const { privateKeyPem, signer } = generateEd25519();
    const signingKey = signer.publicKey.toHex();
    const certificate = await authority.issueEnvoyCertificate(keys.publicKey, {
      uuid,
      hostname,
      signingKey,
    });
    records.push({
      uuid,
      hostname,
      signingKey,
      state: "active",
      enrolledAtMs: Date.now(),
      revokedAtMs: null,
      tags: {},
      tagRevision: 0,
      suspectedClone: false,
      previousHostname: null,
      removedAtMs: null,
    });
    identities.push({
      uuid,
      hostname,
      signingKeyPem: privateKeyPem,
      tlsKeyPem,
      certificatePem: certificate.pem,
      caPem: authority.caCertificate,
      serverKey: authority.signer.publicKey.toBase64(),
    });
  }
  await store.transaction(async (inside) => {
    for (const record of records) await inside.envoys.add(record);
  });
  for (const record of records) fleet.index.put(record);
  return identities;
}
