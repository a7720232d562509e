import type { Kysely } from "kysely";
import { runReportSchema } from "../../shared/config/run_report.ts";
import { type RunSummary, runSummarySchema } from "../../shared/rest/runs.ts";
import { readRunCursor, type RunPosition, writeRunCursor } from "./run_cursor.ts";
import type { RunFilter, RunRepository, StoredRun } from "./store.ts";
import type { Tables } from "./tables.ts";

/** Envoys named in one statement: SQLite allows 32,766 parameters. For more, pages are read and sifted. */
const MAX_NAMED_ENVOYS = 10_000;
/** Rows of one page that is sifted. */
const SIFTED_ROWS = 1_000;

export class SqlRunRepository implements RunRepository {
  readonly #database: Kysely<Tables>;

  constructor(database: Kysely<Tables>) {
    this.#database = database;
  }

  async add({ summary, report }: StoredRun): Promise<boolean> {
    const result = await this.#database.insertInto("runs").values({
      run_id: summary.runId,
      envoy_uuid: summary.envoyUuid,
      started_at_ms: summary.startedAtMs,
      received_at_ms: summary.receivedAtMs,
      outcome: summary.outcome,
      root: report.root,
      summary: JSON.stringify(summary),
      report: JSON.stringify(report),
    }).onConflict((conflict) => conflict.column("run_id").doNothing()).executeTakeFirst();
    return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
  }

  async find(runId: string): Promise<StoredRun | undefined> {
    const row = await this.#database.selectFrom("runs").select(["summary", "report"])
      .where("run_id", "=", runId).executeTakeFirst();
    const summary = row && readSummary(row.summary);
    const report = row && runReportSchema.safeParse(JSON.parse(row.report)).data;
    return summary && report && { summary, report };
  }

  async list(filter: RunFilter): Promise<{ runs: RunSummary[]; nextCursor: string | null }> {
    const { envoyUuids, limit } = filter;
    const isSifted = envoyUuids !== undefined && envoyUuids.size > MAX_NAMED_ENVOYS;
    let after = filter.cursor === undefined ? undefined : readRunCursor(filter.cursor);
    const found: RunSummary[] = [];
    for (;;) {
      const pageRows = isSifted ? SIFTED_ROWS : limit + 1;
      const page = await this.#page(filter, after, pageRows, isSifted);
      for (const { summary } of page) {
        const run = readSummary(summary);
        if (run && (!isSifted || envoyUuids.has(run.envoyUuid))) found.push(run);
      }
      const last = page.at(-1);
      after = last && { startedAtMs: last.started_at_ms, runId: last.run_id };
      if (found.length > limit || page.length < pageRows) break;
    }
    const runs = found.slice(0, limit);
    const last = runs.at(-1);
    return { runs, nextCursor: found.length > limit && last ? writeRunCursor(last) : null };
  }

  async prune(beforeMs: number, limit: number): Promise<number> {
    const result = await this.#database.deleteFrom("runs").where(
      "run_id",
      "in",
      (from) =>
        from.selectFrom("runs").select("run_id").where("received_at_ms", "<", beforeMs)
          .orderBy("received_at_ms").limit(limit),
    ).executeTakeFirst();
    return Number(result.numDeletedRows);
  }

  async #page(
    { envoyUuids, outcomes, sinceMs }: RunFilter,
    after: RunPosition | undefined,
    limit: number,
    isSifted: boolean,
  ): Promise<Pick<Tables["runs"], "summary" | "started_at_ms" | "run_id">[]> {
    let query = this.#database.selectFrom("runs").select(["summary", "started_at_ms", "run_id"])
      .orderBy("started_at_ms", "desc").orderBy("run_id", "desc").limit(limit);
    if (envoyUuids && !isSifted) query = query.where("envoy_uuid", "in", [...envoyUuids]);
    if (outcomes) query = query.where("outcome", "in", [...outcomes]);
    if (sinceMs !== undefined) query = query.where("started_at_ms", ">=", sinceMs);
    if (after) {
      const { startedAtMs, runId } = after;
      query = query.where(({ or, and, eb }) =>
        or([
          eb("started_at_ms", "<", startedAtMs),
          and([eb("started_at_ms", "=", startedAtMs), eb("run_id", "<", runId)]),
        ])
      );
    }
    return await query.execute();
  }
}

/** Undefined for a row that a release which looked less closely has stored: it costs itself, and not the others. */
function readSummary(text: string): RunSummary | undefined {
  return runSummarySchema.safeParse(JSON.parse(text)).data;
}
