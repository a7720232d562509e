import type { DiscoveryState } from "../discovery/discovery.ts";
import type { BlobState, SwarmState } from "../mirror.ts";
import type { EngineFacts } from "./engine_facts.ts";

/** What a session knows beyond what the daemon has said. */
export interface SessionFacts {
  /** Port of the peer server, while it listens. */
  readonly port: number | undefined;
  readonly multicast: DiscoveryState;
  readonly manifest: SwarmState["manifest"];
  /** Why nothing is seeded, served or gossiped for now. */
  readonly quietReason: string | undefined;
  readonly peerCount: number;
  readonly blobs: readonly BlobState[];
  readonly problems: SwarmState["problems"];
}

type StateFacts = Pick<EngineFacts, "start" | "fleet" | "envoy" | "lastCheckInMs"> & {
  readonly instance: string;
  readonly nowMs: number;
};

/** The state file of a swarm that runs. */
export function runningState(
  { start, fleet, envoy, lastCheckInMs, instance, nowMs }: StateFacts,
  { port, multicast, manifest, quietReason, peerCount, blobs, problems }: SessionFacts,
): SwarmState {
  const { state, interfaces, problem } = multicast;
  const { enabled, seeder, subsystems } = envoy.swarm;
  return {
    schema: 1,
    envoyUuid: start.envoyUuid,
    hostname: envoy.hostname,
    instance,
    updatedMs: nowMs,
    lastCheckinMs: lastCheckInMs,
    gates: { enabled, seeder, subsystems },
    fleetSerial: fleet.serial,
    envoySerial: envoy.serial,
    ...(port === undefined
      ? {}
      : { listening: { address: start.listenAddress ?? "0.0.0.0", port } }),
    multicast: { state, interfaces: [...interfaces], ...(problem ? { problem } : {}) },
    ...(quietReason === undefined ? {} : { quiet: quietReason }),
    manifest,
    peerCount,
    blobs: [...blobs],
    problems: [...problems],
  };
}

/**
 * The state file of a swarm that does not run, because its gate is shut or the daemon ended it: nothing listens and
 * nobody is known, and what was held when it ended (`last`) still lies on the disk. Its gates stay as the server last
 * resolved them, since queues and identities are used without the daemon, too. With a `problem`, the state file of one
 * that cannot start.
 */
export function shutState(
  facts: StateFacts,
  { last, problem }: { readonly last?: SessionFacts | undefined; readonly problem?: string } = {},
): SwarmState {
  const state = runningState(facts, {
    port: undefined,
    quietReason: undefined,
    multicast: { state: "off", interfaces: [] },
    manifest: last?.manifest ?? { digest: "", version: 0, active: 0, revoked: 0 },
    peerCount: 0,
    blobs: last?.blobs ?? [],
    problems: [],
  });
  return { ...state, ...(problem === undefined ? {} : { problem }) };
}
