import type { TaskSummary } from "../../shared/rest/tasks.ts";
import type { WorkflowRun, WorkflowSummary } from "../../shared/rest/workflows.ts";
import { STEP_STATUSES } from "../../shared/workflows/advance_workflow.ts";
import type { StoredWorkflow } from "../store/workflow_store.ts";

/** A run of a workflow as the API shows it. @param taskOf a task that is not over. */
export function showWorkflow(
  { record, progress }: StoredWorkflow,
  taskOf: (id: string) => TaskSummary | undefined,
): WorkflowRun {
  return {
    ...common({ record, progress }),
    steps: record.steps.flatMap((step, position) => {
      const state = progress.steps[position];
      if (state === undefined) return [];
      const live = state.taskId === null ? undefined : taskOf(state.taskId);
      return [{
        ...step,
        params: { ...step.params },
        needs: [...step.needs],
        ...state,
        counts: { ...live?.counts ?? state.counts },
      }];
    }),
  };
}

/** The same without its steps. */
export function summarizeWorkflow(workflow: StoredWorkflow): WorkflowSummary {
  const { steps } = workflow.progress;
  const counts = STEP_STATUSES.map((status) =>
    [status, steps.filter((step) => step.status === status).length] as const
  );
  return {
    ...common(workflow),
    steps: steps.length,
    stepCounts: Object.fromEntries(counts) as WorkflowSummary["stepCounts"], // a member for each status
  };
}

function common({ record, progress }: StoredWorkflow) {
  const { id, name, description, operator, principal, forced, createdAtMs } = record;
  const { status, reason, finishedAtMs } = progress;
  return {
    id,
    name,
    description,
    operator,
    principal,
    forced,
    status,
    reason,
    createdAtMs,
    finishedAtMs,
  };
}
