import type { TaskResult, TaskSummary, TaskTarget } from "../../shared/rest/tasks.ts";
import type { CapturedOutput } from "../../shared/tasks/captured_output.ts";
import { VERDICTS } from "../../shared/tasks/verdict.ts";
import type { StoredTarget, StoredTask } from "../store/task_store.ts";

/** A task as the API shows it. @param running targets that were sent it and have no verdict. */
export function summarizeTask({ record, progress }: StoredTask, running: number): TaskSummary {
  const over = VERDICTS.reduce((sum, verdict) => sum + progress.counts[verdict], 0);
  const { id, command, task, params, target, operator, principal, forced } = record;
  const { timeoutSecs, nice, batchSize, maxFailures, healthCheckUrl, targets, batches } = record;
  return {
    id,
    command,
    task,
    params: { ...params },
    target,
    operator,
    principal,
    status: progress.status,
    reason: progress.reason,
    targets,
    batches,
    batch: progress.batch,
    counts: { ...progress.counts },
    waiting: Math.max(0, targets - over - running),
    running,
    timeoutSecs,
    nice,
    batchSize,
    maxFailures,
    healthCheckUrl,
    forced,
    createdAtMs: record.createdAtMs,
    startedAtMs: progress.batchStartedAtMs === 0 ? null : record.createdAtMs,
    finishedAtMs: progress.finishedAtMs,
  };
}

/** One target as the API shows it. */
export function showTarget(target: StoredTarget, state: TaskTarget["state"]): TaskTarget {
  const { position, envoyUuid, hostname, batch, verdict, exitCode, durationMs, reason } = target;
  return { position, envoyUuid, hostname, batch, state, verdict, exitCode, durationMs, reason };
}

/** The same with its output. */
export function showResult(target: StoredTarget, state: TaskTarget["state"]): TaskResult {
  const { output } = target;
  return {
    ...showTarget(target, state),
    stdout: output && encodeOutput(output.stdout),
    stderr: output && encodeOutput(output.stderr),
  };
}

function encodeOutput({ head, tail, droppedBytes }: CapturedOutput) {
  return { head: head.toBase64(), tail: tail.toBase64(), droppedBytes };
}
