import type { Migration } from "./migration.ts";

/** Tasks, and each of their targets with what came of it. */
export const tasks: Migration = {
  number: 4,
  name: "tasks",
  async apply({ schema }) {
    await schema.createTable("tasks")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("created_at_ms", "bigint", (column) => column.notNull())
      .addColumn("finished_at_ms", "bigint")
      .addColumn("status", "text", (column) => column.notNull())
      .addColumn("output_bytes", "bigint", (column) => column.notNull())
      .addColumn("record", "text", (column) => column.notNull())
      .addColumn("progress", "text", (column) => column.notNull())
      .execute();
    await schema.createIndex("tasks_by_creation").on("tasks").columns(["created_at_ms", "id"])
      .execute();
    await schema.createIndex("tasks_by_status").on("tasks").column("status").execute();
    await schema.createIndex("tasks_by_end").on("tasks").column("finished_at_ms").execute();
    await schema.createTable("task_targets")
      .addColumn("task_id", "text", (column) => column.notNull())
      .addColumn("position", "integer", (column) => column.notNull())
      .addColumn("envoy_uuid", "text", (column) => column.notNull())
      .addColumn("hostname", "text", (column) => column.notNull())
      .addColumn("batch", "integer")
      .addColumn("verdict", "text")
      .addColumn("exit_code", "integer")
      .addColumn("duration_ms", "bigint")
      .addColumn("reason", "text")
      .addColumn("output", "blob")
      .addPrimaryKeyConstraint("task_targets_key", ["task_id", "position"])
      .execute();
    await schema.createIndex("task_targets_by_envoy").on("task_targets")
      .columns(["task_id", "envoy_uuid"]).execute();
  },
};
