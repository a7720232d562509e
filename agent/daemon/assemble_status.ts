import { readPause } from "../store/pause.ts";
import type { CycleOutcome } from "../cycle/cycle.ts";
import type { EnvoySession } from "../cycle/envoy_session.ts";
import type { AgentStatus } from "../cycle/status.ts";

/** What only the running daemon knows. */
export interface DaemonFacts extends
  Pick<
    AgentStatus,
    | "version"
    | "startedAtMs"
    | "activity"
    | "failures"
    | "nextCheckInAtMs"
    | "certificateNotAfterMs"
    | "hostname"
    | "streamOpen"
    | "swarm"
  > {
  /** What came of the last cycle. */
  readonly last: CycleOutcome | undefined;
}

/** The status as `GET /status` answers it: what the daemon knows and what is kept. */
export function assembleStatus(
  session: EnvoySession,
  facts: DaemonFacts,
  nowMs: number,
): AgentStatus {
  const { identity, config, db, held, caller } = session;
  const { last, ...known } = facts;
  const bundle = held.bundle()?.value;
  const heartbeat = db.fact("heartbeat");
  return {
    ...known,
    pid: Deno.pid,
    envoyUuid: identity.envoyUuid,
    server: config.server,
    intervalMs: session.intervalMs(),
    lastAnsweredAtMs: db.fact("lastAnsweredAtMs") ?? null,
    lastFailure: last?.failure?.message ?? null,
    policyVersion: bundle?.policyVersion ?? null,
    bundleSerial: bundle?.serial ?? null,
    resources: bundle?.resources.length ?? null,
    lastRun: heartbeat === undefined ? null : JSON.parse(heartbeat),
    notApplied: last?.notApplied ?? null,
    pause: readPause(db, nowMs) ?? null,
    queuedReports: db.countReports(),
    droppedReports: db.fact("droppedReports") ?? 0,
    clockOffsetMs: caller.clockOffsetMs,
    suspectedClone: last?.suspectedClone ?? false,
  };
}
