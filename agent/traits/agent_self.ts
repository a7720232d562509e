import type { Json } from "../../shared/canonical/canonical_json.ts";
import { present } from "./present.ts";

/** Memory is told in steps of so many MiB: a few go up and down all the time, and this travels when it changes. */
const RSS_STEP_MB = 16;

/** What is known of the agent at one moment; what is not known is left out. */
export interface AgentFacts {
  readonly version: string;
  /** Everything of the agent lies below it. */
  readonly root: string;
  /** The program that runs. */
  readonly executable: string;
  /** What the machine calls itself. */
  readonly observedHostname: string;
  /** The hostname bound at enrolment, and the envoy's UUID. */
  readonly hostname?: string | undefined;
  readonly envoyUuid?: string | undefined;
  readonly pid?: number | undefined;
  readonly startedAtMs?: number | undefined;
  readonly nowMs: number;
  readonly rssBytes?: number | undefined;
  /** What is added to this clock to get the server's, in ms. */
  readonly clockOffsetMs?: number | undefined;
  readonly queuedReports?: number | undefined;
  /** Names of collectors that gave nothing. */
  readonly failed: readonly string[];
}

/** The trait `agent_self`: the agent about itself. Uptime in whole hours, so that it does not travel at every check-in. */
export function agentSelf(facts: AgentFacts): Record<string, Json> {
  const { startedAtMs, nowMs, rssBytes } = facts;
  return present({
    version: facts.version,
    hostname: facts.hostname,
    observed_hostname: facts.observedHostname,
    envoy_uuid: facts.envoyUuid,
    root: facts.root,
    executable: facts.executable,
    pid: facts.pid,
    started_at: startedAtMs === undefined ? undefined : new Date(startedAtMs).toISOString(),
    uptime_hours: startedAtMs === undefined
      ? undefined
      : Math.max(0, Math.floor((nowMs - startedAtMs) / 3_600_000)),
    rss_mb: rssBytes === undefined
      ? undefined
      : Math.ceil(rssBytes / 2 ** 20 / RSS_STEP_MB) * RSS_STEP_MB,
    clock_offset_ms: facts.clockOffsetMs,
    queued_reports: facts.queuedReports,
    failed: [...new Set(facts.failed)].sort(),
  });
}
