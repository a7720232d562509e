import type { Convergence, Drift, EnvoySummary, PolicyState } from "../../../shared/rest/envoys.ts";
import type { Outcome } from "../../../shared/config/run_report.ts";
import type { RunOutcome } from "../../../shared/rest/runs.ts";
import type { TaskStatus, Verdict } from "../../../shared/tasks/verdict.ts";
import type { StatusKind } from "./status.tsx";

/** How bad each state of the domain is, in one place, so that a word looks the same on every page. */
export const CONVERGENCE_KINDS: Readonly<Record<Convergence, StatusKind>> = {
  Converged: "ok",
  Degraded: "warn",
  Failed: "bad",
  NoData: "none",
};
/** How people read the words of the contract. */
export const CONVERGENCE_NAMES: Readonly<Record<Convergence, string>> = {
  Converged: "Converged",
  Degraded: "Degraded",
  Failed: "Failed",
  NoData: "No data",
};
export const DRIFT_KINDS: Readonly<Record<Drift, StatusKind>> = {
  None: "none",
  Changed: "busy",
  Diverged: "warn",
};
export const PRESENCE_KINDS: Readonly<Record<EnvoySummary["presence"], StatusKind>> = {
  online: "ok",
  offline: "none",
};
export const POLICY_KINDS: Readonly<Record<PolicyState, StatusKind>> = {
  live: "ok",
  pending: "busy",
  unresolved: "bad",
  none: "none",
};
export const RUN_KINDS: Readonly<Record<RunOutcome, StatusKind>> = {
  converged: "ok",
  changed: "busy",
  degraded: "warn",
  failed: "bad",
};
export const OUTCOME_KINDS: Readonly<Record<Outcome, StatusKind>> = {
  none: "none",
  created: "busy",
  updated: "busy",
  deleted: "busy",
  skipped: "none",
  blocked: "warn",
  failed: "bad",
  unknown: "warn",
  would_change: "busy",
};
export const VERDICT_KINDS: Readonly<Record<Verdict, StatusKind>> = {
  complete: "ok",
  failed: "bad",
  timeout: "bad",
  rejected: "bad",
  offline: "none",
  lost: "bad",
  skipped: "none",
  cancelled: "warn",
};
export const TASK_KINDS: Readonly<Record<TaskStatus, StatusKind>> = {
  running: "busy",
  complete: "ok",
  failed: "bad",
  aborted: "warn",
  cancelled: "warn",
};
