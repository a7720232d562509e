import { setImmediate } from "node:timers/promises";
import type { Kysely } from "kysely";
import { z } from "zod";
import { TASK_STATUSES, VERDICTS } from "../../shared/tasks/verdict.ts";
import type { Atomically } from "./atomically.ts";
import { packOutput, unpackOutput } from "./pack_output.ts";
import { readColumn } from "./read_column.ts";
import { readTaskCursor, writeTaskCursor } from "./task_cursor.ts";
import { WorkTable } from "./work_table.ts";
import type {
  StoredTarget,
  StoredTask,
  TaskOfEnvoy,
  TaskProgress,
  TaskRecord,
  TaskRepository,
  TaskTargetFilter,
} from "./task_store.ts";
import type { Tables } from "./tables.ts";

/** Rows in one statement: SQLite takes 32,766 parameters, and each row has ten. */
const ROWS_PER_STATEMENT = 500;

const recordSchema: z.ZodType<TaskRecord> = z.object({
  id: z.string(),
  createdAtMs: z.number(),
  command: z.string(),
  task: z.string().nullable(),
  params: z.record(z.string(), z.string()),
  target: z.string(),
  operator: z.string(),
  principal: z.string(),
  forced: z.boolean(),
  timeoutSecs: z.number(),
  nice: z.number(),
  batchSize: z.string().nullable(),
  maxFailures: z.string().nullable(),
  healthCheckUrl: z.string().nullable(),
  targets: z.number(),
  batches: z.number(),
});

const progressSchema: z.ZodType<TaskProgress> = z.object({
  status: z.enum(TASK_STATUSES),
  reason: z.string().nullable(),
  phase: z.enum(["batch", "health", "over"]),
  batch: z.number(),
  batchStartedAtMs: z.number(),
  deadlineMs: z.number(),
  isCancelled: z.boolean(),
  finishedAtMs: z.number().nullable(),
  counts: z.record(z.enum(VERDICTS), z.number()),
  outputBytes: z.number(),
});

const verdictSchema = z.enum(VERDICTS).nullable();

export class SqlTaskRepository implements TaskRepository {
  readonly #database: Kysely<Tables>;
  readonly #work: WorkTable<StoredTask>;
  readonly #atomically: Atomically;

  constructor(
    database: Kysely<Tables>,
    atomically: Atomically,
  ) {
    this.#database = database;
    this.#work = new WorkTable(database, "tasks", readTask);
    this.#atomically = atomically;
  }

  async add({ record, progress }: StoredTask, targets: readonly StoredTarget[]): Promise<boolean> {
    const rows = await toRows(record.id, targets);
    return await this.#atomically(async (database) => {
      const { numInsertedOrUpdatedRows } = await database.insertInto("tasks").values({
        id: record.id,
        created_at_ms: record.createdAtMs,
        record: JSON.stringify(record),
        ...progressColumns(progress),
      }).onConflict((conflict) => conflict.column("id").doNothing()).executeTakeFirst();
      if ((numInsertedOrUpdatedRows ?? 0n) === 0n) return false;
      await writeTargets(database, rows);
      return true;
    });
  }

  find(id: string): Promise<StoredTask | undefined> {
    return this.#work.find(id);
  }

  findIds(prefix: string, limit: number): Promise<string[]> {
    return this.#work.findIds(prefix, limit);
  }

  async list(
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ tasks: StoredTask[]; nextCursor: string | null }> {
    const { found, nextCursor } = await this.#work.list(page);
    return { tasks: found, nextCursor };
  }

  async listOfEnvoy(
    envoyUuid: string,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ tasks: TaskOfEnvoy[]; nextCursor: string | null }> {
    let query = this.#database.selectFrom("task_targets")
      .innerJoin("tasks", "tasks.id", "task_targets.task_id")
      .select(["tasks.record", "tasks.progress", ...TARGET_COLUMNS])
      .where("task_targets.envoy_uuid", "=", envoyUuid)
      .orderBy("tasks.created_at_ms", "desc").orderBy("tasks.id", "desc").limit(limit + 1);
    if (cursor !== undefined) {
      const { createdAtMs, id } = readTaskCursor(cursor);
      query = query.where(({ or, and, eb }) =>
        or([
          eb("tasks.created_at_ms", "<", createdAtMs),
          and([eb("tasks.created_at_ms", "=", createdAtMs), eb("tasks.id", "<", id)]),
        ])
      );
    }
    const rows = await query.execute();
    const tasks = await Promise.all(
      rows.slice(0, limit).map(async (row) => ({
        task: readTask(row),
        target: await readTarget({ ...row, output: null }),
      })),
    );
    const last = tasks.at(-1);
    return {
      tasks,
      nextCursor: rows.length > limit && last ? writeTaskCursor(last.task.record) : null,
    };
  }

  listUnfinished(): Promise<StoredTask[]> {
    return this.#work.listUnfinished();
  }

  async saveProgress(id: string, progress: TaskProgress): Promise<void> {
    await this.#database.updateTable("tasks").set(progressColumns(progress))
      .where("id", "=", id).execute();
  }

  async saveTargets(targets: ReadonlyMap<string, readonly StoredTarget[]>): Promise<void> {
    // Outside the transaction, which nothing else gets past.
    const rows: Tables["task_targets"][] = [];
    for (const [id, ofTask] of targets) rows.push(...await toRows(id, ofTask));
    await this.#atomically(async (database) => {
      const known = await database.selectFrom("tasks").select("id")
        .where("id", "in", [...targets.keys()]).execute();
      const ids = new Set(known.map(({ id }) => id));
      await writeTargets(database, rows.filter(({ task_id }) => ids.has(task_id)));
    });
  }

  async listTargets(
    id: string,
    { after, limit, verdicts, withOutput }: TaskTargetFilter,
  ): Promise<StoredTarget[]> {
    let query = this.#database.selectFrom("task_targets").select(TARGET_COLUMNS)
      .select(({ eb, val }) => withOutput ? eb.ref("output").as("output") : val(null).as("output"))
      .where("task_id", "=", id).orderBy("position").limit(limit);
    if (after !== undefined) query = query.where("position", ">", after);
    if (verdicts) query = query.where("verdict", "in", [...verdicts]);
    return await Promise.all((await query.execute()).map(readTarget));
  }

  async findTarget(id: string, envoyUuid: string): Promise<StoredTarget | undefined> {
    const row = await this.#database.selectFrom("task_targets")
      .select([...TARGET_COLUMNS, "output"])
      .where("task_id", "=", id).where("envoy_uuid", "=", envoyUuid).executeTakeFirst();
    return row && await readTarget(row);
  }

  async prune(beforeMs: number, limit: number): Promise<{ tasks: number; isDone: boolean }> {
    return await this.#atomically(async (database) => {
      const oldest = await database.selectFrom("tasks").select("id")
        .where("finished_at_ms", "<", beforeMs).orderBy("finished_at_ms").limit(limit).execute();
      let room = limit, tasks = 0;
      for (const { id } of oldest) {
        const { numDeletedRows } = await database.deleteFrom("task_targets").where(
          "task_id",
          "=",
          id,
        ).where(
          "position",
          "in",
          (from) =>
            from.selectFrom("task_targets").select("position").where("task_id", "=", id)
              .limit(room),
        ).executeTakeFirst();
        room -= Number(numDeletedRows) + 1;
        if (room <= 0) return { tasks, isDone: false };
        await database.deleteFrom("tasks").where("id", "=", id).execute();
        tasks += 1;
      }
      return { tasks, isDone: oldest.length < limit };
    });
  }

  async listFinished(): Promise<{ finishedAtMs: number; outputBytes: number }[]> {
    const rows = await this.#database.selectFrom("tasks")
      .select(["finished_at_ms", "output_bytes"])
      .where("finished_at_ms", "is not", null).orderBy("finished_at_ms", "desc").execute();
    return rows.map(({ finished_at_ms, output_bytes }) => ({
      finishedAtMs: finished_at_ms ?? 0,
      outputBytes: output_bytes,
    }));
  }
}

const TARGET_COLUMNS = [
  "position",
  "envoy_uuid",
  "hostname",
  "batch",
  "verdict",
  "exit_code",
  "duration_ms",
  "reason",
] as const;

function progressColumns(progress: TaskProgress) {
  return {
    status: progress.status,
    finished_at_ms: progress.finishedAtMs,
    output_bytes: progress.outputBytes,
    progress: JSON.stringify(progress),
  };
}

function readTask({ record, progress }: Pick<Tables["tasks"], "record" | "progress">): StoredTask {
  return {
    record: readColumn(recordSchema, record, "a task"),
    progress: readColumn(progressSchema, progress, "a task's progress"),
  };
}

async function readTarget(
  row: Omit<Tables["task_targets"], "task_id">,
): Promise<StoredTarget> {
  return {
    position: row.position,
    envoyUuid: row.envoy_uuid,
    hostname: row.hostname,
    batch: row.batch,
    verdict: verdictSchema.parse(row.verdict),
    exitCode: row.exit_code,
    durationMs: row.duration_ms,
    reason: row.reason,
    output: row.output === null ? null : await unpackOutput(row.output),
  };
}

async function toRows(
  taskId: string,
  targets: readonly StoredTarget[],
): Promise<Tables["task_targets"][]> {
  const rows: Tables["task_targets"][] = [];
  // PostgreSQL refuses a statement that replaces a row twice.
  const newest = new Map(targets.map((target) => [target.position, target]));
  for (const target of newest.values()) {
    rows.push({
      task_id: taskId,
      position: target.position,
      envoy_uuid: target.envoyUuid,
      hostname: target.hostname,
      batch: target.batch,
      verdict: target.verdict,
      exit_code: target.exitCode,
      duration_ms: target.durationMs,
      reason: target.reason,
      output: target.output === null ? null : await packOutput(target.output),
    });
  }
  return rows;
}

async function writeTargets(
  database: Kysely<Tables>,
  rows: readonly Tables["task_targets"][],
): Promise<void> {
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
    // SQLite works on this thread: whoever needs no database gets a turn between two statements.
    if (from > 0) await setImmediate();
    await database.insertInto("task_targets").values(rows.slice(from, from + ROWS_PER_STATEMENT))
      .onConflict((conflict) =>
        conflict.columns(["task_id", "position"]).doUpdateSet((eb) => ({
          verdict: eb.ref("excluded.verdict"),
          exit_code: eb.ref("excluded.exit_code"),
          duration_ms: eb.ref("excluded.duration_ms"),
          reason: eb.ref("excluded.reason"),
          output: eb.ref("excluded.output"),
        }))
      ).execute();
  }
}
