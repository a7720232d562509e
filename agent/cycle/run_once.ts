import type { ResourceReport } from "../../shared/config/run_report.ts";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { systemClock } from "../runtime/clock.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import type { CycleOutcome } from "./cycle.ts";
import { NO_SWARM } from "./swarm_facts.ts";
import { FileLock } from "../runtime/cycle_lock.ts";
import { openEnvoySession } from "./envoy_session.ts";

/** What a single run is told. */
export interface RunOnceOptions {
  readonly roots: RootPaths;
  readonly agentVersion: string;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  onResource(resource: ResourceReport): void;
  /** Told what a person at the terminal should know. */
  note(text: string): void;
}

/**
 * One check-in and one application in this process. When the server is away the cached policy is applied.
 *
 * @throws {LockHeldError} if a daemon or another run is at it.
 * @throws {NotEnrolledError | AgentConfigError} if there is nothing to run.
 */
export async function runOnce(options: RunOnceOptions): Promise<CycleOutcome> {
  const { roots, agentVersion, dryRun, signal, onResource } = options;
  using session = await openEnvoySession({
    roots,
    agentVersion,
    clock: systemClock,
    log: logTo(options.note),
  });
  using _lock = await FileLock.take(session.paths.cycleLock, {
    pid: Deno.pid,
    what: "vigo run --once",
    sinceMs: systemClock.nowMs(),
  });
  const cycle = session.createCycle({ swarm: () => NO_SWARM });
  return await cycle.run({ trigger: "manual", dryRun, force: false, signal, onResource });
}

/** Warnings and errors as lines for a person; the rest is the daemon's log's. */
function logTo(note: (text: string) => void): AgentLog {
  const tell = (level: string) => (message: string, properties?: Record<string, unknown>) => {
    const reason = properties?.["reason"];
    note(`${level}: ${message}${reason === undefined ? "" : `: ${reason}`}`);
  };
  return { debug: () => {}, info: () => {}, warn: tell("warning"), error: tell("error") };
}
