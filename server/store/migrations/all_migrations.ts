import { firstSchema } from "./0001_first_schema.ts";
import { runsAndStatus } from "./0002_runs_and_status.ts";
import { people } from "./0003_people.ts";
import { tasks } from "./0004_tasks.ts";
import { workflows } from "./0005_workflows.ts";
import { queues } from "./0006_queues.ts";
import { tasksOfEnvoys } from "./0007_tasks_of_envoys.ts";
import { signedWriters } from "./0008_signed_writers.ts";
import type { Migration } from "./migration.ts";

/** Every step, in order. */
export const ALL_MIGRATIONS: readonly Migration[] = [
  firstSchema,
  runsAndStatus,
  people,
  tasks,
  workflows,
  queues,
  tasksOfEnvoys,
  signedWriters,
];
