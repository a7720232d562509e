import type { Transaction } from "kysely";
import { z } from "zod";
import type { Tables } from "../tables.ts";
import type { Migration } from "./migration.ts";

/** Runs read at a time while their new columns are filled. */
const ROWS_PER_PAGE = 500;

const oldSummary = z.object({ outcome: z.string() });
const oldReport = z.object({ root: z.string() });

/**
 * What an envoy's last run was, by the number that no clock decides; renames and removals; the bundles behind runs; a row a
 * minute for charts. Runs get columns for what they are filtered and pruned by.
 */
export const runsAndStatus: Migration = {
  number: 2,
  name: "runs_and_status",
  async apply(transaction) {
    await alterEnvoys(transaction);
    await alterRuns(transaction);
    await createTables(transaction);
  },
};

async function alterEnvoys({ schema }: Transaction<Tables>): Promise<void> {
  await schema.alterTable("envoys").addColumn("previous_hostname", "text").execute();
  await schema.alterTable("envoys").addColumn("removed_at_ms", "bigint").execute();
  for (
    const name of ["paused_until_ms", "run_serial", "run_finished_at_ms", "change_streak"]
  ) {
    await schema.alterTable("envoy_observations")
      .addColumn(name, "bigint", (column) => column.notNull().defaultTo(0)).execute();
  }
  await schema.alterTable("envoy_observations")
    .addColumn("run_root", "text", (column) => column.notNull().defaultTo("")).execute();
}

async function alterRuns(transaction: Transaction<Tables>): Promise<void> {
  const { schema } = transaction;
  await schema.alterTable("runs")
    .addColumn("outcome", "text", (column) => column.notNull().defaultTo("")).execute();
  await schema.alterTable("runs")
    .addColumn("root", "text", (column) => column.notNull().defaultTo("")).execute();
  await schema.alterTable("runs")
    .addColumn("received_at_ms", "bigint", (column) => column.notNull().defaultTo(0)).execute();
  for (let after = "";;) {
    const rows = await transaction.selectFrom("runs")
      .select(["run_id", "summary", "report", "started_at_ms"])
      .where("run_id", ">", after).orderBy("run_id").limit(ROWS_PER_PAGE).execute();
    for (const { run_id, summary, report, started_at_ms } of rows) {
      await transaction.updateTable("runs").set({
        outcome: oldSummary.parse(JSON.parse(summary)).outcome,
        root: oldReport.parse(JSON.parse(report)).root,
        received_at_ms: started_at_ms,
      }).where("run_id", "=", run_id).execute();
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_PER_PAGE) break;
    after = last.run_id;
  }
  await schema.alterTable("runs").dropColumn("is_failed").execute();
  await schema.createIndex("runs_by_outcome").on("runs")
    .columns(["outcome", "started_at_ms", "run_id"]).execute();
  await schema.createIndex("runs_by_receipt").on("runs").column("received_at_ms").execute();
  await schema.createIndex("runs_by_root").on("runs").column("root").execute();
}

async function createTables({ schema }: Transaction<Tables>): Promise<void> {
  await schema.createTable("bundles")
    .addColumn("root", "text", (column) => column.primaryKey())
    .addColumn("policy_version", "text", (column) => column.notNull())
    .addColumn("used_at_ms", "bigint", (column) => column.notNull())
    .addColumn("resources", "blob", (column) => column.notNull())
    .execute();
  await schema.createIndex("bundles_by_use").on("bundles").column("used_at_ms").execute();
  await schema.createTable("minutes")
    .addColumn("minute_ms", "bigint", (column) => column.primaryKey())
    .addColumn("check_ins", "integer", (column) => column.notNull())
    .addColumn("runs", "integer", (column) => column.notNull())
    .addColumn("online", "integer", (column) => column.notNull())
    .addColumn("converged", "integer", (column) => column.notNull())
    .addColumn("degraded", "integer", (column) => column.notNull())
    .addColumn("failed", "integer", (column) => column.notNull())
    .addColumn("no_data", "integer", (column) => column.notNull())
    .addColumn("origin_bytes", "bigint", (column) => column.notNull())
    .addColumn("peer_bytes", "bigint", (column) => column.notNull())
    .addColumn("server_bytes", "bigint", (column) => column.notNull())
    .execute();
}
