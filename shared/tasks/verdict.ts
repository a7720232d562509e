/**
 * What became of a task on one target; every target gets exactly one.
 *
 * `complete`: the command ended with status 0; `failed`: with another, or could not be started. `timeout`: it was ended for
 * running too long. `rejected`: the agent refused it and ran nothing. `offline`: the envoy had no stream, so that nothing
 * was sent. `lost`: it was sent, and what came of it is not known: the agent never came back in time, or ended while the
 * command ran. `skipped`: the run was aborted before its turn, or the envoy gets no tasks. `cancelled`: somebody cancelled
 * the task before it ended there.
 */
export const VERDICTS = [
  "complete",
  "failed",
  "timeout",
  "rejected",
  "offline",
  "lost",
  "skipped",
  "cancelled",
] as const;

export type Verdict = typeof VERDICTS[number];

/** What an agent itself can say of a task. */
export const AGENT_VERDICTS = [
  "complete",
  "failed",
  "timeout",
  "rejected",
  "lost",
  "cancelled",
] as const satisfies readonly Verdict[];

export type AgentVerdict = typeof AGENT_VERDICTS[number];

/** Whether a verdict counts against `--max-failures`: the command did harm, or nobody knows that it did not. */
export function isFailure(verdict: Verdict): boolean {
  return verdict === "failed" || verdict === "timeout" || verdict === "rejected" ||
    verdict === "lost";
}

/** How many targets have each verdict. */
export type VerdictCounts = Readonly<Record<Verdict, number>>;

/** The counts of no target. */
export function noVerdicts(): Record<Verdict, number> {
  return {
    complete: 0,
    failed: 0,
    timeout: 0,
    rejected: 0,
    offline: 0,
    lost: 0,
    skipped: 0,
    cancelled: 0,
  };
}

/**
 * Where a task is as a whole. `running` until every target has a verdict; then `cancelled` or `aborted` if it was, else
 * `complete` if every target is complete, else `failed`.
 */
export const TASK_STATUSES = ["running", "complete", "failed", "aborted", "cancelled"] as const;

export type TaskStatus = typeof TASK_STATUSES[number];
