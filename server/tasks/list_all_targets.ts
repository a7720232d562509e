import type { StoredTarget, TaskRepository } from "../store/task_store.ts";

/** Targets read at a time. */
const TARGETS_PER_PAGE = 1_000;

/** Every target of a task in the order of its plan, without what they wrote. */
export async function listAllTargets(
  store: Pick<TaskRepository, "listTargets">,
  taskId: string,
): Promise<StoredTarget[]> {
  const targets: StoredTarget[] = [];
  for (let after = -1;;) {
    const page = await store.listTargets(taskId, {
      after,
      limit: TARGETS_PER_PAGE,
      withOutput: false,
    });
    targets.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < TARGETS_PER_PAGE) return targets;
    after = last.position;
  }
}
