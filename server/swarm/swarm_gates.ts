import {
  type EnvoyDocument,
  SWARM_SUBSYSTEMS,
  type SwarmSubsystem,
} from "../../shared/config/envoy_document.ts";
import { type GateList, parseGateList } from "../../shared/targeting/gate_list.ts";
import { type SwarmSection, swarmSectionSchema } from "../config/swarm_section.ts";

/** Who may do what in the swarm, as `server.yaml` says. */
export interface SwarmGates {
  /** The patterns of `swarm.seeders`. */
  readonly seederPatterns: readonly string[];
  /** Whether a host may originate seeds; the server's own always may where the swarm runs. */
  maySeed(hostname: string): boolean;
  /** Everything one envoy must know about itself. */
  resolve(hostname: string): EnvoyDocument["swarm"];
}

/** Gates of a `swarm:` section; without one, everything is off everywhere. */
export function createSwarmGates(
  section: SwarmSection | undefined,
  serverHostname: string,
): SwarmGates {
  const settings = section ?? swarmSectionSchema.parse({});
  const enabled = parseGateList(settings.enabled);
  const seeders = parseGateList(settings.seeders);
  const gates = new Map<SwarmSubsystem, GateList>(
    SWARM_SUBSYSTEMS.map((name) => [name, parseGateList(settings[name].enabled)]),
  );
  const maySeed = (hostname: string) =>
    enabled.allows(hostname) &&
    (hostname.toLowerCase() === serverHostname.toLowerCase() || seeders.allows(hostname));
  return {
    seederPatterns: seeders.patterns,
    maySeed,
    resolve: (hostname) => {
      const isEnabled = enabled.allows(hostname);
      const opens = (name: SwarmSubsystem) =>
        isEnabled && (gates.get(name)?.allows(hostname) ?? false);
      return {
        enabled: isEnabled,
        port: settings.port,
        maxBandwidthPercent: settings.max_bandwidth_percent,
        maxUploadMbps: settings.max_upload_mbps ?? null,
        serverFallback: settings.server_fallback,
        seeder: maySeed(hostname),
        subsystems: {
          payload: opens("payload"),
          puddle: opens("puddle"),
          gitback: opens("gitback"),
          longdrawer: opens("longdrawer"),
          curator: opens("curator"),
          poolq: opens("poolq"),
        },
      };
    },
  };
}
