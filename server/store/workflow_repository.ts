import type { Kysely } from "kysely";
import { z } from "zod";
import { VERDICTS } from "../../shared/tasks/verdict.ts";
import { STEP_STATUSES, WORKFLOW_STATUSES } from "../../shared/workflows/advance_workflow.ts";
import { FAILURE_POLICIES } from "../../shared/workflows/workflow.ts";
import { readColumn } from "./read_column.ts";
import { WorkTable } from "./work_table.ts";
import type { Tables } from "./tables.ts";
import type {
  StoredWorkflow,
  WorkflowProgress,
  WorkflowRecord,
  WorkflowRepository,
} from "./workflow_store.ts";

const recordSchema: z.ZodType<WorkflowRecord> = z.object({
  id: z.string(),
  createdAtMs: z.number(),
  name: z.string(),
  description: z.string(),
  operator: z.string(),
  principal: z.string(),
  forced: z.boolean(),
  steps: z.array(z.object({
    name: z.string(),
    command: z.string(),
    task: z.string().nullable(),
    params: z.record(z.string(), z.string()),
    target: z.string(),
    needs: z.array(z.string()),
    onFailure: z.enum(FAILURE_POLICIES),
    timeoutSecs: z.number(),
    nice: z.number(),
    batchSize: z.string().nullable(),
    maxFailures: z.string().nullable(),
    healthCheckUrl: z.string().nullable(),
  })),
});

const progressSchema: z.ZodType<WorkflowProgress> = z.object({
  status: z.enum(WORKFLOW_STATUSES),
  isCancelled: z.boolean(),
  reason: z.string().nullable(),
  finishedAtMs: z.number().nullable(),
  steps: z.array(z.object({
    status: z.enum(STEP_STATUSES),
    reason: z.string().nullable(),
    taskId: z.string().nullable(),
    targets: z.number(),
    counts: z.record(z.enum(VERDICTS), z.number()),
    startedAtMs: z.number().nullable(),
    finishedAtMs: z.number().nullable(),
  })),
});

export class SqlWorkflowRepository implements WorkflowRepository {
  readonly #database: Kysely<Tables>;
  readonly #work: WorkTable<StoredWorkflow>;

  constructor(database: Kysely<Tables>) {
    this.#database = database;
    this.#work = new WorkTable(database, "workflows", readWorkflow);
  }

  async add({ record, progress }: StoredWorkflow): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await this.#database.insertInto("workflows").values({
      id: record.id,
      created_at_ms: record.createdAtMs,
      record: JSON.stringify(record),
      ...progressColumns(progress),
    }).onConflict((conflict) => conflict.column("id").doNothing()).executeTakeFirst();
    return (numInsertedOrUpdatedRows ?? 0n) > 0n;
  }

  find(id: string): Promise<StoredWorkflow | undefined> {
    return this.#work.find(id);
  }

  findIds(prefix: string, limit: number): Promise<string[]> {
    return this.#work.findIds(prefix, limit);
  }

  async list(
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ workflows: StoredWorkflow[]; nextCursor: string | null }> {
    const { found, nextCursor } = await this.#work.list(page);
    return { workflows: found, nextCursor };
  }

  listUnfinished(): Promise<StoredWorkflow[]> {
    return this.#work.listUnfinished();
  }

  async saveProgress(id: string, progress: WorkflowProgress): Promise<void> {
    await this.#database.updateTable("workflows").set(progressColumns(progress))
      .where("id", "=", id).execute();
  }

  async prune(beforeMs: number, limit: number): Promise<number> {
    const { numDeletedRows } = await this.#database.deleteFrom("workflows").where(
      "id",
      "in",
      (from) =>
        from.selectFrom("workflows").select("id").where("finished_at_ms", "<", beforeMs)
          .orderBy("finished_at_ms").limit(limit),
    ).executeTakeFirst();
    return Number(numDeletedRows);
  }
}

function progressColumns(progress: WorkflowProgress) {
  return {
    status: progress.status,
    finished_at_ms: progress.finishedAtMs,
    progress: JSON.stringify(progress),
  };
}

function readWorkflow(
  { record, progress }: Pick<Tables["workflows"], "record" | "progress">,
): StoredWorkflow {
  return {
    record: readColumn(recordSchema, record, "a workflow"),
    progress: readColumn(progressSchema, progress, "a workflow's progress"),
  };
}
