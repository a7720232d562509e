import { noVerdicts } from "../../shared/tasks/verdict.ts";
import type { StoredTarget, StoredTask, TaskRecord } from "./task_store.ts";

/** A task as it is when it begins, for tests. */
export function someTask(id: string, change: Partial<TaskRecord> = {}): StoredTask {
  return {
    record: {
      id,
      createdAtMs: 1,
      command: "uptime; echo 'ü'",
      task: null,
      params: { env: "staging" },
      target: "*.web.*",
      operator: "ada",
      principal: "local-root",
      forced: false,
      timeoutSecs: 60,
      nice: 0,
      batchSize: "1,25%",
      maxFailures: null,
      healthCheckUrl: null,
      targets: 2,
      batches: 1,
      ...change,
    },
    progress: {
      status: "running",
      reason: null,
      phase: "batch",
      batch: 0,
      batchStartedAtMs: 1,
      deadlineMs: 90_001,
      isCancelled: false,
      finishedAtMs: null,
      counts: noVerdicts(),
      outputBytes: 0,
    },
  };
}

/** A target that has no verdict, for tests. */
export function someTarget(position: number, change: Partial<StoredTarget> = {}): StoredTarget {
  return {
    position,
    envoyUuid: crypto.randomUUID(),
    hostname: `web-${position}`,
    batch: 0,
    verdict: null,
    exitCode: null,
    durationMs: null,
    reason: null,
    output: null,
    ...change,
  };
}
