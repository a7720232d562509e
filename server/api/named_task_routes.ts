import type { NamedTask as ShownTask } from "../../shared/rest/named_tasks.ts";
import type { PolicySource } from "../publish/policy_source.ts";
import type { NamedTask } from "../stacks/stack_tree.ts";
import { paginate } from "./paginate.ts";
import type { RouteTable } from "./route.ts";

/** The named tasks of the live version; none before something is published. */
export function namedTaskRoutes(policy: Pick<PolicySource, "live">): RouteTable<"namedTaskList"> {
  return {
    namedTaskList: ({ query }) => {
      const tasks = policy.live()?.tree.tasks.values() ?? [];
      const { page, nextCursor } = paginate(tasks, ({ name }) => name, query);
      return Promise.resolve({ tasks: page.map(show), nextCursor });
    },
  };
}

function show(task: NamedTask): ShownTask {
  const { name, description, command, place } = task;
  return {
    name,
    description,
    params: task.params.map((parameter) => ({
      name: parameter.name,
      description: parameter.description,
      type: parameter.type,
      required: parameter.required,
      default: parameter.default ?? null,
      pattern: parameter.pattern?.source ?? null,
    })),
    command: command.text,
    timeoutSecs: task.timeoutSecs ?? null,
    nice: task.nice ?? null,
    batchSize: task.batchSize ?? null,
    maxFailures: task.maxFailures ?? null,
    healthCheckUrl: task.healthCheckUrl ?? null,
    file: place.file,
    line: place.line,
  };
}
