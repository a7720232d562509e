import { MAX_TIME_MS, type RunReport } from "../../shared/config/run_report.ts";
import type { RunHeartbeat } from "../../shared/proto/agent.ts";
import type { EnvoyObservation } from "../store/store.ts";

/** What is known of an envoy's last run; a part of what was observed of it. */
export type LastRun = Pick<
  EnvoyObservation,
  "convergence" | "runSerial" | "runRoot" | "runFinishedAtMs" | "changeStreak"
>;

/** Before the first run. */
export const NO_RUN: LastRun = {
  convergence: "NoData",
  runSerial: 0,
  runRoot: "",
  runFinishedAtMs: 0,
  changeStreak: 0,
};

/** What a run says about an envoy: a fault of the infrastructure degrades, only a failure of its own fails. */
export function convergenceOf(
  { failed, blocked, unknown }: Pick<RunHeartbeat, "failed" | "blocked" | "unknown">,
): EnvoyObservation["convergence"] {
  if (failed > 0) return "Failed";
  return blocked > 0 || unknown > 0 ? "Degraded" : "Converged";
}

/**
 * The last run after a heartbeat. One always speaks of the latest run that there was when it was sent, and those of an envoy
 * come in their order, so that it is believed whatever was known before.
 *
 * @param heldRoot what the envoy held when it sent it, hex: the applied one, as far as an agent does not tell.
 */
export function takeHeartbeat(heartbeat: RunHeartbeat, heldRoot: string): LastRun {
  return {
    convergence: convergenceOf(heartbeat),
    runSerial: heartbeat.serial || heartbeat.finishedAtMs,
    runRoot: heartbeat.root.length > 0 ? heartbeat.root.toString("hex") : heldRoot,
    runFinishedAtMs: heartbeat.finishedAtMs,
    changeStreak: heartbeat.changeStreak,
  };
}

/**
 * The last run after a report. Reports come late, twice and in any order, from an envoy that was without a server: only one
 * with a higher number than the last run known is news.
 */
export function takeReport(known: LastRun, report: RunReport): LastRun {
  const finishedAtMs = Math.min(Math.round(report.startedAtMs + report.durationMs), MAX_TIME_MS);
  const runSerial = report.serial ?? finishedAtMs;
  if (runSerial <= known.runSerial) return known;
  const { failed = 0, blocked = 0, unknown = 0 } = report.counts;
  return {
    convergence: convergenceOf({ failed, blocked, unknown }),
    runSerial,
    runRoot: report.root,
    runFinishedAtMs: finishedAtMs,
    changeStreak: report.changeStreak ?? 0,
  };
}
