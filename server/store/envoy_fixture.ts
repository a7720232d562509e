import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import type { EnvoyRecord } from "./store.ts";

/** The record of an envoy that has enrolled as web-1 and done nothing since, under a key of its own; for tests. */
export function envoyRecord(fields: Partial<EnvoyRecord> = {}): EnvoyRecord {
  return {
    uuid: crypto.randomUUID(),
    hostname: "web-1",
    signingKey: generateEd25519().signer.publicKey.toHex(),
    state: "active",
    enrolledAtMs: 1,
    revokedAtMs: null,
    tags: {},
    tagRevision: 0,
    suspectedClone: false,
    previousHostname: null,
    removedAtMs: null,
    ...fields,
  };
}
