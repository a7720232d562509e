import type { RunReport } from "../../shared/config/run_report.ts";
import type { RunHeartbeat } from "../../shared/proto/agent.ts";

/** The counts of a run, as they travel with the next check-in. */
export function heartbeatOf(report: RunReport): RunHeartbeat {
  const count = (outcome: keyof RunReport["counts"]) => report.counts[outcome] ?? 0;
  return {
    finishedAtMs: Math.round(report.startedAtMs + report.durationMs),
    durationMs: Math.round(report.durationMs),
    inSync: count("none"),
    changed: count("created") + count("updated") + count("deleted"),
    failed: count("failed"),
    blocked: count("blocked"),
    unknown: count("unknown"),
    skipped: count("skipped"),
  };
}

/** Whether a run has anything to tell beyond its counts. A dry run is the business of who asked for it. */
export function isWorthReporting(report: RunReport): boolean {
  if (report.dryRun) return false;
  const { changed, failed, blocked, unknown, skipped } = heartbeatOf(report);
  return changed + failed + blocked + unknown + skipped > 0;
}
