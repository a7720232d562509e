import type { RunReport } from "../../shared/config/run_report.ts";
import type { RunHeartbeat } from "../../shared/proto/agent.ts";
import type { RunSummary } from "../../shared/rest/runs.ts";
import type { EnvoyObservation } from "../store/store.ts";

/** What the last apply says about an envoy: a fault of the infrastructure degrades, only a failure of its own fails. */
export function convergenceOf(
  { failed, blocked, unknown }: Pick<RunHeartbeat, "failed" | "blocked" | "unknown">,
): EnvoyObservation["convergence"] {
  if (failed > 0) return "Failed";
  return blocked > 0 || unknown > 0 ? "Degraded" : "Converged";
}

/** The row of a run, for lists. */
export function summarizeRun(
  report: RunReport,
  envoy: { readonly uuid: string; readonly hostname: string },
): RunSummary {
  const count = (outcome: keyof RunReport["counts"]) => report.counts[outcome] ?? 0;
  const failed = count("failed"), blocked = count("blocked"), unknown = count("unknown");
  const changed = count("created") + count("updated") + count("deleted") + count("would_change");
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
    startedAtMs: report.startedAtMs,
    durationMs: report.durationMs,
    policyVersion: report.policyVersion,
    trigger: report.trigger,
    outcome,
    changed,
    failed,
    blocked,
    skipped: count("skipped"),
    total: Object.values(report.counts).reduce((sum, value) => sum + value, 0),
  };
}
