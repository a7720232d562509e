import type { AuditLog } from "../audit/audit_log.ts";
import type { Fleet } from "../checkin/compose_fleet.ts";
import { refused } from "../enroll/service_answer.ts";
import type { Store } from "../store/store.ts";
import { barredFromTasks } from "../tasks/barred_from_tasks.ts";
import type { ResolveNamedTask } from "../tasks/named_task.ts";
import { TaskService } from "../tasks/task_service.ts";

export interface TaskParts {
  readonly store: Store;
  readonly audit: AuditLog;
  readonly fleet: Pick<Fleet, "index" | "streams" | "tasks">;
  readonly now: () => number;
  /** `tasks.health_check_hosts`. */
  readonly healthCheckHosts: readonly string[];
  readonly resolveNamed?: ResolveNamedTask;
}

/** What people ask of tasks, over the fleet as it is now. */
export function composeTasks(
  { store, audit, fleet, now, healthCheckHosts, resolveNamed = noNamedTasks }: TaskParts,
): TaskService {
  const { index, streams, tasks } = fleet;
  return new TaskService({
    store,
    desk: tasks,
    audit,
    now,
    healthCheckHosts,
    resolveNamed,
    envoysOf: (target) =>
      index.target(target).map(({ record }) => ({
        uuid: record.uuid,
        hostname: record.hostname,
        isConnected: streams.has(record.uuid),
        barred: barredFromTasks(record),
      })),
  });
}

const noNamedTasks: ResolveNamedTask = (name) =>
  Promise.resolve(refused(404, `No task is called ${JSON.stringify(name)}`));
