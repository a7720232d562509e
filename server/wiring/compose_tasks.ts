import type { AuditLog } from "../audit/audit_log.ts";
import type { Fleet } from "../checkin/fleet.ts";
import type { PolicySource } from "../publish/policy_source.ts";
import { runInSlices } from "../steps/run_in_slices.ts";
import type { Store } from "../store/store.ts";
import { barredFromTasks } from "../tasks/barred_from_tasks.ts";
import { fillNamedTask } from "../tasks/fill_named_task.ts";
import { TaskService } from "../tasks/task_service.ts";

export interface TaskParts {
  readonly store: Store;
  readonly audit: AuditLog;
  readonly fleet: Pick<Fleet, "index" | "streams" | "tasks">;
  readonly now: () => number;
  /** `tasks.health_check_hosts`. */
  readonly healthCheckHosts: readonly string[];
  /** Where named tasks come from: the live version. */
  readonly policy: Pick<PolicySource, "live">;
}

/** What people ask of tasks, over the fleet as it is now. */
export function composeTasks(
  { store, audit, fleet, now, healthCheckHosts, policy }: TaskParts,
): TaskService {
  const { index, streams, tasks } = fleet;
  return new TaskService({
    store,
    desk: tasks,
    audit,
    now,
    healthCheckHosts,
    resolveNamed: (name, params) =>
      Promise.resolve(fillNamedTask(policy.live()?.tree.tasks, name, params)),
    envoysOf: async (target) =>
      (await runInSlices(index.target(target))).map(({ record }) => ({
        uuid: record.uuid,
        hostname: record.hostname,
        isConnected: streams.has(record.uuid),
        barred: barredFromTasks(record),
      })),
  });
}
