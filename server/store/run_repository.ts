import type { Kysely } from "kysely";
import { type RunReport, runReportSchema } from "../../shared/config/run_report.ts";
import { type RunSummary, runSummarySchema } from "../../shared/rest/runs.ts";
import { readRunCursor, writeRunCursor } from "./run_cursor.ts";
import type { RunRepository } from "./store.ts";
import type { Tables } from "./tables.ts";

export class SqlRunRepository implements RunRepository {
  readonly #database: Kysely<Tables>;

  constructor(database: Kysely<Tables>) {
    this.#database = database;
  }

  async add({ summary, report }: { summary: RunSummary; report: RunReport }): Promise<boolean> {
    const result = await this.#database.insertInto("runs").values({
      run_id: summary.runId,
      envoy_uuid: summary.envoyUuid,
      started_at_ms: summary.startedAtMs,
      is_failed: summary.outcome === "failed" ? 1 : 0,
      summary: JSON.stringify(summary),
      report: JSON.stringify(report),
    }).onConflict((conflict) => conflict.column("run_id").doNothing()).executeTakeFirst();
    return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
  }

  async find(runId: string): Promise<{ summary: RunSummary; report: RunReport } | undefined> {
    const row = await this.#database.selectFrom("runs").select(["summary", "report"])
      .where("run_id", "=", runId).executeTakeFirst();
    return row && {
      summary: runSummarySchema.parse(JSON.parse(row.summary)),
      report: runReportSchema.parse(JSON.parse(row.report)),
    };
  }

  async list(filter: {
    envoyUuid?: string;
    failed?: boolean;
    limit: number;
    cursor?: string;
  }): Promise<{ runs: RunSummary[]; nextCursor: string | null }> {
    let query = this.#database.selectFrom("runs").select("summary")
      .orderBy("started_at_ms", "desc").orderBy("run_id", "desc").limit(filter.limit + 1);
    if (filter.envoyUuid !== undefined) query = query.where("envoy_uuid", "=", filter.envoyUuid);
    if (filter.failed !== undefined) query = query.where("is_failed", "=", filter.failed ? 1 : 0);
    if (filter.cursor !== undefined) {
      const { startedAtMs, runId } = readRunCursor(filter.cursor);
      query = query.where(({ or, and, eb }) =>
        or([
          eb("started_at_ms", "<", startedAtMs),
          and([eb("started_at_ms", "=", startedAtMs), eb("run_id", "<", runId)]),
        ])
      );
    }
    const rows = await query.execute();
    const runs = rows.slice(0, filter.limit)
      .map(({ summary }) => runSummarySchema.parse(JSON.parse(summary)));
    const last = runs.at(-1);
    return { runs, nextCursor: rows.length > filter.limit && last ? writeRunCursor(last) : null };
  }

  async prune(beforeMs: number): Promise<number> {
    const result = await this.#database.deleteFrom("runs").where("started_at_ms", "<", beforeMs)
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}
