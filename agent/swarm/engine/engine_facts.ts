import type { EnvoyDocument } from "../../../shared/config/envoy_document.ts";
import type { FleetDocument } from "../../../shared/config/fleet_document.ts";
import type { SignedBytes } from "../../../shared/canonical/signed_document.ts";
import { ManifestTrust } from "../../../shared/swarm/manifest_trust.ts";
import type { TargetSubject } from "../../../shared/targeting/target_subject.ts";
import type { EngineStart, NetworkInterface } from "../channel.ts";
import type { PeerIdentity } from "../peers/peer_identity.ts";
import type { BandwidthRates } from "../transfer/bandwidth.ts";

/** An interface that does not tell its speed is taken for this fast. */
const DEFAULT_SPEED_MBPS = 1000;
const BYTES_PER_MEGABIT = 1e6 / 8;

/** What the daemon has said so far. */
export interface EngineFacts {
  readonly start: EngineStart;
  readonly fleet: FleetDocument;
  readonly fleetSigned: SignedBytes;
  readonly envoy: EnvoyDocument;
  /** When the server last answered, in ms by the local clock; `null` if it never has. */
  readonly lastCheckInMs: number | null;
  readonly traits: unknown;
  readonly interfaces: readonly NetworkInterface[];
  readonly clockOffsetMs: number;
}

/** The port of the peer server. */
export function portOf({ start, envoy }: Pick<EngineFacts, "start" | "envoy">): number {
  return start.portOverride ?? envoy.swarm.port;
}

/** Whose entries count. */
export function trustOf({ start, fleet }: Pick<EngineFacts, "start" | "fleet">): ManifestTrust {
  return new ManifestTrust(start.serverKey, fleet.swarm.seederKeys);
}

/** Whether the gates let this envoy fetch, serve and seed content. */
export function isPayloadOpen({ envoy }: Pick<EngineFacts, "envoy">): boolean {
  return envoy.swarm.enabled && envoy.swarm.subsystems.payload === true;
}

/** Why this envoy may not originate seeds; `undefined` if it may. */
export function seedRefusal(facts: Pick<EngineFacts, "envoy">): string | undefined {
  if (!isPayloadOpen(facts)) return "refused: swarm.payload does not admit this machine";
  return facts.envoy.swarm.seeder ? undefined : "refused: not in swarm.seeders";
}

/** Whether the fleet has expelled this peer, or this certificate of it. */
export function isExpelled({ fleet }: Pick<EngineFacts, "fleet">, peer: PeerIdentity): boolean {
  return fleet.revokedEnvoys.includes(peer.uuid) ||
    fleet.revokedCertificates.includes(peer.fingerprint);
}

/** This envoy, as targets see it. */
export function subjectOf({ envoy, traits }: Pick<EngineFacts, "envoy" | "traits">): TargetSubject {
  return { hostname: envoy.hostname, uuid: envoy.envoyUuid, traits, tags: envoy.tags };
}

/** How fast content may pass: downloads a share of the fastest interface, uploads what the envoy document says. */
export function bandwidthOf(
  { envoy, interfaces }: Pick<EngineFacts, "envoy" | "interfaces">,
): BandwidthRates {
  const { maxBandwidthPercent, maxUploadMbps } = envoy.swarm;
  const speeds = interfaces.flatMap(({ speedMbps }) => speedMbps ?? []);
  const speedMbps = speeds.length > 0 ? Math.max(...speeds) : DEFAULT_SPEED_MBPS;
  return {
    downloadBytesPerSecond: speedMbps * BYTES_PER_MEGABIT * maxBandwidthPercent / 100,
    uploadBytesPerSecond: maxUploadMbps === null ? undefined : maxUploadMbps * BYTES_PER_MEGABIT,
  };
}
