import type { StoredWorkflow, WorkflowProgress, WorkflowRepository } from "../workflow_store.ts";
import { memoryWork } from "./memory_work.ts";
import type { Access } from "./memory_state.ts";

/** Runs of workflows. */
export function memoryWorkflows(access: Access): WorkflowRepository {
  const work = memoryWork<WorkflowProgress, StoredWorkflow>(access, (state) => state.workflows);
  const endOf = ({ progress }: StoredWorkflow) => progress.finishedAtMs ?? Infinity;
  return {
    add: (workflow) =>
      access((state) => {
        const { id } = workflow.record;
        if (state.workflows.has(id)) return false;
        state.workflows.set(id, structuredClone(workflow));
        return true;
      }),
    find: work.find,
    findIds: work.findIds,
    list: async (page) => {
      const { found, nextCursor } = await work.list(page);
      return { workflows: found, nextCursor };
    },
    listUnfinished: work.listUnfinished,
    saveProgress: work.saveProgress,
    prune: (beforeMs, limit) =>
      access((state) => {
        const old = [...state.workflows.values()].filter((one) => endOf(one) < beforeMs)
          .sort((a, b) => endOf(a) - endOf(b)).slice(0, limit);
        for (const { record } of old) state.workflows.delete(record.id);
        return old.length;
      }),
  };
}
