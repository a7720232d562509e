import { readTaskCursor, writeTaskCursor } from "../task_cursor.ts";
import { compareText } from "./compare_text.ts";
import type { Access, State } from "./memory_state.ts";

/** What is kept of a task or a workflow: what it is, and how far it is. */
interface StoredWork<Progress> {
  readonly record: { readonly id: string; readonly createdAtMs: number };
  readonly progress: Progress;
}

/** The questions that tasks and workflows answer alike. */
export function memoryWork<
  Progress extends { readonly status: string },
  Stored extends StoredWork<Progress>,
>(access: Access, workOf: (state: State) => Map<string, Stored>) {
  const newestFirst = ({ record: a }: Stored, { record: b }: Stored) =>
    b.createdAtMs - a.createdAtMs || compareText(b.id, a.id);
  return {
    find: (id: string) => access((state) => structuredClone(workOf(state).get(id))),
    findIds: (prefix: string, limit: number) =>
      access((state) =>
        [...workOf(state).keys()].filter((id) => id.startsWith(prefix)).sort().slice(0, limit)
      ),
    list: ({ limit, cursor }: { readonly limit: number; readonly cursor?: string }) =>
      access((state) => {
        const after = cursor === undefined ? undefined : readTaskCursor(cursor);
        const matching = [...workOf(state).values()].filter(({ record }) =>
          !after || record.createdAtMs < after.createdAtMs ||
          (record.createdAtMs === after.createdAtMs && record.id < after.id)
        ).sort(newestFirst);
        const found = structuredClone(matching.slice(0, limit));
        const last = found.at(-1);
        return {
          found,
          nextCursor: matching.length > limit && last ? writeTaskCursor(last.record) : null,
        };
      }),
    listUnfinished: () =>
      access((state) =>
        structuredClone(
          [...workOf(state).values()].filter(({ progress }) => progress.status === "running")
            .sort(newestFirst).reverse(),
        )
      ),
    saveProgress: (id: string, progress: Progress) =>
      access((state) => {
        const found = workOf(state).get(id);
        if (found) workOf(state).set(id, { ...found, progress: structuredClone(progress) });
      }),
  };
}
