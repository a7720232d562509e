import type { TaskRequest } from "../../shared/rest/tasks.ts";
import type { StepRecord, WorkflowRecord } from "../store/workflow_store.ts";
import type { TaskOrigin } from "../tasks/task_service.ts";

/** The task that a step becomes. Its command is fixed: what the live stacks say of a named task by then changes nothing. */
export function stepRequest(
  step: StepRecord,
  { operator, forced }: Pick<WorkflowRecord, "operator" | "forced">,
): TaskRequest {
  const { command, task, params, target, timeoutSecs, nice } = step;
  const { batchSize, maxFailures, healthCheckUrl } = step;
  return {
    ...(task === null ? { command } : { task }),
    params: { ...params },
    target,
    timeoutSecs,
    nice,
    ...(batchSize === null ? {} : { batchSize }),
    ...(maxFailures === null ? {} : { maxFailures }),
    ...(healthCheckUrl === null ? {} : { healthCheckUrl }),
    operator,
    force: forced,
    dryRun: false,
  };
}

/** What stands behind the task of a step. */
export function stepOrigin(
  { command, name }: StepRecord,
  workflow: string,
  keep: TaskOrigin["keep"] = () => Promise.resolve(),
): TaskOrigin {
  return { resolved: { command }, about: { workflow, step: name }, keep };
}
