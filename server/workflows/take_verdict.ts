import { isFailure, VERDICTS } from "../../shared/tasks/verdict.ts";
import type { StoredTask } from "../store/task_store.ts";
import type { StepProgress } from "../store/workflow_store.ts";

/** A running step after its task: over if that is, or if that is gone from the store. */
export function takeVerdict(
  step: StepProgress,
  task: StoredTask | undefined,
  nowMs: number,
): StepProgress {
  if (task === undefined) {
    const reason = "its task is not in the database any more";
    return { ...step, status: "failed", reason, finishedAtMs: nowMs };
  }
  const { status, counts, finishedAtMs } = task.progress;
  if (status === "running") return step;
  const isWhole = status === "complete" || status === "cancelled";
  return {
    ...step,
    status: isWhole ? status : "failed",
    reason: status === "complete" ? null : task.progress.reason ?? describe(task),
    counts,
    finishedAtMs: finishedAtMs ?? nowMs,
  };
}

/** Such as `1 failed and 2 offline of 5 targets`. */
function describe({ record: { targets }, progress: { counts } }: StoredTask): string {
  const bad = VERDICTS.filter((verdict) => verdict !== "complete" && counts[verdict] > 0)
    .sort((a, b) => Number(isFailure(b)) - Number(isFailure(a)))
    .map((verdict) => `${counts[verdict]} ${verdict}`);
  return `${bad.join(", ")} of ${targets} target${targets === 1 ? "" : "s"}`;
}
