import { taskEventSchema } from "../../shared/rest/tasks.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import type { TaskService } from "../tasks/task_service.ts";
import { ApiError } from "./api_error.ts";
import { eventStream } from "./event_stream.ts";
import { findEnvoy } from "./find_envoy.ts";
import { pathParameter, type RouteTable } from "./route.ts";
import { unwrap } from "./service_answer_error.ts";

type TaskEndpoints =
  | "envoyTasks"
  | "taskRun"
  | "taskList"
  | "taskShow"
  | "taskResults"
  | "taskCancel"
  | "taskEvents";

/** Commands on many envoys at once. */
export function taskRoutes(
  tasks: TaskService,
  index: FleetIndex,
): RouteTable<TaskEndpoints> {
  return {
    envoyTasks: async ({ params, query: { limit, cursor } }) => {
      const { record } = findEnvoy(index, pathParameter(params, "host"));
      return await tasks.ofEnvoy(record.uuid, {
        limit,
        ...(cursor === undefined ? {} : { cursor }),
      });
    },
    taskRun: async ({ body, principal }) => {
      const answer = await tasks.run(body, principal.name);
      if (!answer.ok && "guardrail" in answer) {
        throw new ApiError(answer.status, answer.message, { guardrail: answer.guardrail });
      }
      return unwrap(answer);
    },
    taskList: ({ query: { limit, cursor } }) =>
      tasks.list({ limit, ...(cursor === undefined ? {} : { cursor }) }),
    taskShow: async ({ params }) => unwrap(await tasks.show(pathParameter(params, "id"))),
    taskResults: async ({ params, query: { limit, cursor, output, verdict } }) =>
      unwrap(
        await tasks.results(pathParameter(params, "id"), {
          limit,
          output,
          ...(cursor === undefined ? {} : { cursor }),
          ...(verdict === undefined ? {} : { verdict }),
        }),
      ),
    taskCancel: async ({ params, body, principal }) =>
      unwrap(await tasks.cancel(pathParameter(params, "id"), body.operator, principal.name)),
    taskEvents: ({ params, principal: { name } }) =>
      eventStream(async (signal) => {
        const events = unwrap(await tasks.follow(pathParameter(params, "id"), name, signal));
        return parsed(events);
      }),
  };
}

/** Lets nothing out that the contract does not name. */
async function* parsed(events: AsyncGenerator<unknown>) {
  for await (const event of events) yield taskEventSchema.parse(event);
}
