import { assertSocketPath, type RootPaths } from "../../shared/platform/root_paths.ts";

/** Where the agent keeps things, under one root. */
export interface AgentPaths {
  readonly root: string;
  /** Identity and configuration. */
  readonly configFolder: string;
  readonly config: string;
  /** Everything the agent remembers; 0755, with root-only files in it. */
  readonly stateFolder: string;
  readonly database: string;
  /** Messages of queues. */
  readonly queueDatabase: string;
  readonly swarmFolder: string;
  /** What the daemon knows of its users' puddles; 0644. */
  readonly puddleState: string;
  /** Held while a check-in and its apply run. */
  readonly cycleLock: string;
  /** Held while a daemon runs. */
  readonly daemonLock: string;
  readonly runFolder: string;
  /** For every user: reads alone. */
  readonly agentSocket: string;
  /** For the owner alone: what changes something. */
  readonly controlSocket: string;
}

/**
 * Paths of the agent under `paths.root`; macOS keeps its state in `/Library/Vigo`.
 *
 * @throws {RangeError} if the root is so long that the sockets could not be bound.
 */
export function agentPaths(
  paths: RootPaths,
  platform: typeof Deno.build.os = Deno.build.os,
): AgentPaths {
  const configFolder = paths.at("/etc/vigo-envoy");
  const stateFolder = paths.at(platform === "darwin" ? "/Library/Vigo" : "/var/lib/vigo");
  const runFolder = paths.at("/var/run/vigo");
  const agentSocket = `${runFolder}/agent.sock`;
  const controlSocket = `${runFolder}/control.sock`;
  assertSocketPath(controlSocket);
  return {
    root: paths.root,
    configFolder,
    config: `${configFolder}/config`,
    stateFolder,
    database: `${stateFolder}/agent.db`,
    queueDatabase: `${stateFolder}/poolq.db`,
    swarmFolder: `${stateFolder}/swarm`,
    puddleState: `${stateFolder}/puddles.json`,
    cycleLock: `${stateFolder}/cycle.lock`,
    daemonLock: `${stateFolder}/daemon.lock`,
    runFolder,
    agentSocket,
    controlSocket,
  };
}
