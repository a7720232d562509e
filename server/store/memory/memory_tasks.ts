import type { StoredTask, TaskProgress, TaskRepository } from "../task_store.ts";
import { writeTaskCursor } from "../task_cursor.ts";
import { memoryWork } from "./memory_work.ts";
import type { Access } from "./memory_state.ts";

/** Tasks with their targets. */
export function memoryTasks(access: Access): TaskRepository {
  const work = memoryWork<TaskProgress, StoredTask>(access, (state) => state.tasks);
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
    find: work.find,
    findIds: work.findIds,
    list: async (page) => {
      const { found, nextCursor } = await work.list(page);
      return { tasks: found, nextCursor };
    },
    listOfEnvoy: async (envoyUuid, { limit, cursor }) => {
      // Sifted out of all, in their order: an SQL store asks an index.
      const { found } = await work.list({
        limit: Number.MAX_SAFE_INTEGER,
        ...(cursor === undefined ? {} : { cursor }),
      });
      return await access((state) => {
        const ofEnvoy = found.flatMap((task) =>
          [...state.taskTargets.get(task.record.id)?.values() ?? []]
            .filter((target) => target.envoyUuid === envoyUuid)
            .map((target) => ({ task, target: structuredClone({ ...target, output: null }) }))
        );
        const tasks = ofEnvoy.slice(0, limit);
        const last = tasks.at(-1);
        return {
          tasks,
          nextCursor: ofEnvoy.length > limit && last ? writeTaskCursor(last.task.record) : null,
        };
      });
    },
    listUnfinished: work.listUnfinished,
    saveProgress: work.saveProgress,
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
