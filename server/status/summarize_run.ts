import type { ChangeCause, RunReport } from "../../shared/config/run_report.ts";
import type { RunSummary } from "../../shared/rest/runs.ts";

/** The row of a run, for lists. */
export function summarizeRun(
  report: RunReport,
  envoy: { readonly uuid: string; readonly hostname: string },
  receivedAtMs: number,
): RunSummary {
  const count = (outcome: keyof RunReport["counts"]) => report.counts[outcome] ?? 0;
  const failed = count("failed"), blocked = count("blocked"), unknown = count("unknown");
  const changed = countChanges(report);
  const caused = (cause: ChangeCause) =>
    report.resources.filter((one) => one.cause === cause && CHANGES.has(one.outcome)).length;
  const outcome = failed > 0
    ? "failed"
    : blocked + unknown > 0
    ? "degraded"
    : changed > 0
    ? "changed"
    : "converged";
  return {
    runId: report.runId,
    envoyUuid: envoy.uuid,
    hostname: envoy.hostname,
    // A clock that is ahead must not keep a run on top of every list.
    startedAtMs: Math.min(report.startedAtMs, receivedAtMs),
    receivedAtMs,
    durationMs: report.durationMs,
    policyVersion: report.policyVersion,
    trigger: report.trigger,
    outcome,
    changed,
    intentional: caused("intentional"),
    corrective: caused("corrective"),
    failed,
    blocked,
    skipped: count("skipped"),
    unknown,
    total: Object.values(report.counts).reduce((sum, value) => sum + value, 0),
  };
}

/**
 * What is kept of a run: only resources that came to something. Nothing at all of one that changed nothing and left nothing
 * undone, which is a heartbeat, or that was a look.
 */
export function compactRun(report: RunReport): RunReport | undefined {
  const { failed = 0, blocked = 0, unknown = 0, skipped = 0 } = report.counts;
  const told = countChanges(report) + failed + blocked + unknown + skipped;
  if (report.dryRun || told === 0) return undefined;
  return { ...report, resources: report.resources.filter(({ outcome }) => outcome !== "none") };
}

const CHANGES: ReadonlySet<string> = new Set(["created", "updated", "deleted"]);

function countChanges({ counts: { created = 0, updated = 0, deleted = 0 } }: RunReport): number {
  return created + updated + deleted;
}
