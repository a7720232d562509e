import type { Migration } from "./migration.ts";

/** The tasks of one envoy are found without looking through those of all others. */
export const tasksOfEnvoys: Migration = {
  number: 7,
  name: "tasks of envoys",
  async apply({ schema }) {
    await schema.createIndex("task_targets_of_envoy").on("task_targets")
      .columns(["envoy_uuid", "task_id"]).execute();
  },
};
