import type { Migration } from "./migration.ts";

/** Runs of workflows, with where each of their steps is. */
export const workflows: Migration = {
  number: 5,
  name: "workflows",
  async apply({ schema }) {
    await schema.createTable("workflows")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("created_at_ms", "bigint", (column) => column.notNull())
      .addColumn("finished_at_ms", "bigint")
      .addColumn("status", "text", (column) => column.notNull())
      .addColumn("record", "text", (column) => column.notNull())
      .addColumn("progress", "text", (column) => column.notNull())
      .execute();
    await schema.createIndex("workflows_by_creation").on("workflows")
      .columns(["created_at_ms", "id"]).execute();
    await schema.createIndex("workflows_by_status").on("workflows").column("status").execute();
    await schema.createIndex("workflows_by_end").on("workflows").column("finished_at_ms").execute();
  },
};
