import type { TaskResult, TaskSummary, TaskTarget } from "../../shared/rest/tasks.ts";
import { noVerdicts } from "../../shared/tasks/verdict.ts";

/** A task over two targets, for tests. */
export function taskOf(changes: Partial<TaskSummary> = {}): TaskSummary {
  return {
    id: "t1a2b3c4d5e",
    command: "uptime",
    task: null,
    params: {},
    target: "*.web.*",
    operator: "admin",
    principal: "local-root",
    status: "running",
    reason: null,
    targets: 2,
    batches: 1,
    batch: 0,
    counts: noVerdicts(),
    waiting: 0,
    running: 2,
    timeoutSecs: 60,
    nice: 0,
    batchSize: null,
    maxFailures: null,
    healthCheckUrl: null,
    forced: false,
    createdAtMs: Date.UTC(2026, 2, 13, 12, 30),
    startedAtMs: Date.UTC(2026, 2, 13, 12, 30),
    finishedAtMs: null,
    ...changes,
  };
}

/** One that every target has completed. */
export function completeTask(): TaskSummary {
  return taskOf({
    status: "complete",
    running: 0,
    counts: { ...noVerdicts(), complete: 2 },
    finishedAtMs: Date.UTC(2026, 2, 13, 12, 31),
  });
}

export function targetOf(position: number, changes: Partial<TaskTarget> = {}): TaskTarget {
  return {
    position,
    envoyUuid: `00000000-0000-4000-8000-00000000000${position}`,
    hostname: `web-0${position}`,
    batch: 0,
    state: "running",
    verdict: null,
    exitCode: null,
    durationMs: null,
    reason: null,
    ...changes,
  };
}

/** A target that is complete, with what its command wrote. */
export function resultOf(position: number, stdout: string, stderr = ""): TaskResult {
  const output = (text: string) => ({
    head: new TextEncoder().encode(text).toBase64(),
    tail: "",
    droppedBytes: 0,
  });
  return {
    ...targetOf(position, { state: "over", verdict: "complete", exitCode: 0, durationMs: 42 }),
    stdout: output(stdout),
    stderr: output(stderr),
  };
}
