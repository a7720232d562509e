import type { Logger } from "../../shared/platform/logging.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import type { EnvoyRecord, Store } from "../store/store.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import type { PeerCertificate } from "./peer_certificates.ts";

export interface ReadoptionOptions {
  readonly store: Store;
  readonly index: FleetIndex;
  readonly audit: Pick<AuditLog, "recordInside">;
  readonly now: () => number;
  readonly logger: Logger;
  /** Called once the envoy is known again. */
  readonly onReadopted: (envoy: EnvoyRecord) => Promise<void>;
}

/**
 * Takes an envoy back that this server has no record of, since it was restored from a backup older than the enrolment: its
 * unrevoked certificate of this CA says all that enrolment had bound. The caller has verified chain and signature.
 *
 * Answers `undefined` if its hostname or signing key belongs to another envoy by now.
 */
export async function readopt(
  peer: PeerCertificate,
  { store, index, audit, now, logger, onReadopted }: ReadoptionOptions,
): Promise<EnvoyState | undefined> {
  const { uuid, hostname, signingKey } = peer.identity;
  const holder = index.getBySigningKey(signingKey);
  // A stream and a check-in may ask at the same time; the second finds what the first has done.
  if (holder) return holder.record.uuid === uuid ? holder : undefined;
  const envoy: EnvoyRecord = {
    uuid,
    hostname,
    signingKey,
    state: "active",
    enrolledAtMs: peer.notBeforeMs,
    revokedAtMs: null,
    tags: {},
    tagRevision: 0,
    suspectedClone: false,
    previousHostname: null,
    removedAtMs: null,
  };
  const isAdded = await store.transaction(async (inside) => {
    const added = await inside.envoys.add(envoy);
    if (!added.ok) return false;
    await inside.certificates.add({
      fingerprint: peer.fingerprint,
      envoyUuid: uuid,
      notAfterMs: peer.notAfterMs,
      revokedAtMs: null,
    });
    await audit.recordInside(inside, { name: "server" }, "envoy.readopt", {
      uuid,
      hostname,
      fingerprint: peer.fingerprint,
    });
    return true;
  });
  if (!isAdded) {
    logger.warn("Cannot re-adopt envoy {uuid}: hostname {hostname} belongs to another by now", {
      uuid,
      hostname,
    });
    return index.get(uuid);
  }
  const state = index.put(envoy);
  state.certificateNotAfterMs = peer.notAfterMs;
  // Its chain of clone tokens is older than this record: whatever genuine token it holds is where it goes on.
  state.cloneWindow = { presented: 0, issued: undefined };
  logger.warn("Re-adopted envoy {uuid} as {hostname}: it holds a certificate of this fleet", {
    uuid,
    hostname,
    atMs: now(),
  });
  await onReadopted(envoy);
  return state;
}
