import type { EnvoyDocument, SwarmSubsystem } from "./envoy_document.ts";
import type { FleetDocument } from "./fleet_document.ts";

/** The fleet document of a fleet without seeders from which nobody was expelled; for tests. */
export function fleetDocument(fields: Partial<FleetDocument> = {}): FleetDocument {
  return {
    schema: 1,
    serial: 1,
    issuedAtMs: 1,
    swarm: { seeders: [], seederKeys: [] },
    poolq: { maxMsgBytes: 16_384, retentionSecs: 2_592_000, blockedTopics: [], blockedKeys: [] },
    evictedPuddles: [],
    revokedEnvoys: [],
    revokedCertificates: [],
    ...fields,
  };
}

/** The document of an envoy called web-1 that may send, fetch and seed content of the swarm; for tests. */
export function envoyDocument(
  { swarm, ...fields }: Partial<Omit<EnvoyDocument, "swarm">> & {
    readonly swarm?: Partial<EnvoyDocument["swarm"]>;
  } = {},
): EnvoyDocument {
  return {
    schema: 1,
    envoyUuid: "6f1c2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f",
    hostname: "web-1",
    serial: 1,
    issuedAtMs: 1,
    checkin: { bundleMaxAgeMs: 86_400_000 },
    swarm: {
      enabled: true,
      port: 1531,
      maxBandwidthPercent: 50,
      maxUploadMbps: null,
      serverFallback: true,
      seeder: true,
      subsystems: subsystems("payload"),
      ...swarm,
    },
    tags: {},
    ...fields,
  };
}

/** Gates of the subsystems, of which these are open. */
export function subsystems(
  ...open: readonly SwarmSubsystem[]
): EnvoyDocument["swarm"]["subsystems"] {
  const isOpen = (subsystem: SwarmSubsystem) => open.includes(subsystem);
  return {
    payload: isOpen("payload"),
    puddle: isOpen("puddle"),
    gitback: isOpen("gitback"),
    longdrawer: isOpen("longdrawer"),
    curator: isOpen("curator"),
    poolq: isOpen("poolq"),
  };
}
