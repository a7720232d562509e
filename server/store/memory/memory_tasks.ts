import { readTaskCursor, writeTaskCursor } from "../task_cursor.ts";
import type { StoredTask, TaskRepository } from "../task_store.ts";
import { compareText } from "./compare_text.ts";
import type { Access } from "./memory_state.ts";

/** Tasks with their targets. */
export function memoryTasks(access: Access): TaskRepository {
  const newestFirst = ({ record: a }: StoredTask, { record: b }: StoredTask) =>
    b.createdAtMs - a.createdAtMs || compareText(b.id, a.id);
  return {
    add: (task, targets) =>
      access((state) => {
        if (state.tasks.has(task.record.id)) return false;
        state.tasks.set(task.record.id, structuredClone(task));
        state.taskTargets.set(
          task.record.id,
          new Map(targets.map((target) => [target.position, structuredClone(target)])),
        );
        return true;
      }),
    find: (id) => access((state) => structuredClone(state.tasks.get(id))),
    findIds: (prefix, limit) =>
      access((state) =>
        [...state.tasks.keys()].filter((id) => id.startsWith(prefix)).sort().slice(0, limit)
      ),
    list: ({ limit, cursor }) =>
      access((state) => {
        const after = cursor === undefined ? undefined : readTaskCursor(cursor);
        const found = [...state.tasks.values()].filter(({ record }) =>
          !after || record.createdAtMs < after.createdAtMs ||
          (record.createdAtMs === after.createdAtMs && record.id < after.id)
        ).sort(newestFirst);
        const tasks = structuredClone(found.slice(0, limit));
        const last = tasks.at(-1);
        return {
          tasks,
          nextCursor: found.length > limit && last ? writeTaskCursor(last.record) : null,
        };
      }),
    listUnfinished: () =>
      access((state) =>
        structuredClone(
          [...state.tasks.values()].filter(({ progress }) => progress.status === "running")
            .sort(newestFirst).reverse(),
        )
      ),
    saveProgress: (id, progress) =>
      access((state) => {
        const task = state.tasks.get(id);
        if (task) {
          state.tasks.set(id, { record: task.record, progress: structuredClone(progress) });
        }
      }),
    saveTargets: (targets) =>
      access((state) => {
        for (const [id, ofTask] of targets) {
          const rows = state.taskTargets.get(id);
          for (const target of ofTask) rows?.set(target.position, structuredClone(target));
        }
      }),
    listTargets: (id, { after = -1, limit, verdicts, withOutput }) =>
      access((state) =>
        structuredClone(
          [...state.taskTargets.get(id)?.values() ?? []]
            .filter(({ position }) => position > after)
            .filter(({ verdict }) =>
              verdicts === undefined || (verdict !== null && verdicts.has(verdict))
            )
            .sort((a, b) => a.position - b.position).slice(0, limit)
            .map((target) => withOutput ? target : { ...target, output: null }),
        )
      ),
    findTarget: (id, envoyUuid) =>
      access((state) =>
        structuredClone(
          [...state.taskTargets.get(id)?.values() ?? []]
            .find((target) => target.envoyUuid === envoyUuid),
        )
      ),
    prune: (beforeMs, limit) =>
      access((state) => {
        const finished = ({ progress }: StoredTask) => progress.finishedAtMs ?? Infinity;
        const old = [...state.tasks.values()].filter((task) => finished(task) < beforeMs)
          .sort((a, b) => finished(a) - finished(b));
        for (const { record } of old.slice(0, limit)) {
          state.tasks.delete(record.id);
          state.taskTargets.delete(record.id);
        }
        return { tasks: Math.min(old.length, limit), isDone: old.length < limit };
      }),
    listFinished: () =>
      access((state) =>
        [...state.tasks.values()].flatMap(({ progress: { finishedAtMs, outputBytes } }) =>
          finishedAtMs === null ? [] : [{ finishedAtMs, outputBytes }]
        ).sort((a, b) => b.finishedAtMs - a.finishedAtMs)
      ),
  };
}
