import { readTaskCursor, writeTaskCursor } from "../task_cursor.ts";
import type { StoredWorkflow, WorkflowRepository } from "../workflow_store.ts";
import { compareText } from "./compare_text.ts";
import type { Access } from "./memory_state.ts";

/** Runs of workflows. */
export function memoryWorkflows(access: Access): WorkflowRepository {
  const newestFirst = ({ record: a }: StoredWorkflow, { record: b }: StoredWorkflow) =>
    b.createdAtMs - a.createdAtMs || compareText(b.id, a.id);
  const endOf = ({ progress }: StoredWorkflow) => progress.finishedAtMs ?? Infinity;
  return {
    add: (workflow) =>
      access((state) => {
        const { id } = workflow.record;
        if (state.workflows.has(id)) return false;
        state.workflows.set(id, structuredClone(workflow));
        return true;
      }),
    find: (id) => access((state) => structuredClone(state.workflows.get(id))),
    findIds: (prefix, limit) =>
      access((state) =>
        [...state.workflows.keys()].filter((id) => id.startsWith(prefix)).sort().slice(0, limit)
      ),
    list: ({ limit, cursor }) =>
      access((state) => {
        const after = cursor === undefined ? undefined : readTaskCursor(cursor);
        const found = [...state.workflows.values()].filter(({ record }) =>
          !after || record.createdAtMs < after.createdAtMs ||
          (record.createdAtMs === after.createdAtMs && record.id < after.id)
        ).sort(newestFirst);
        const workflows = structuredClone(found.slice(0, limit));
        const last = workflows.at(-1);
        return {
          workflows,
          nextCursor: found.length > limit && last ? writeTaskCursor(last.record) : null,
        };
      }),
    listUnfinished: () =>
      access((state) =>
        structuredClone(
          [...state.workflows.values()].filter(({ progress }) => progress.status === "running")
            .sort(newestFirst).reverse(),
        )
      ),
    saveProgress: (id, progress) =>
      access((state) => {
        const workflow = state.workflows.get(id);
        if (!workflow) return;
        const { record } = workflow;
        state.workflows.set(id, { record, progress: structuredClone(progress) });
      }),
    prune: (beforeMs, limit) =>
      access((state) => {
        const old = [...state.workflows.values()].filter((one) => endOf(one) < beforeMs)
          .sort((a, b) => endOf(a) - endOf(b)).slice(0, limit);
        for (const { record } of old) state.workflows.delete(record.id);
        return old.length;
      }),
  };
}
