import { workflowRunSchema } from "../../shared/rest/workflows.ts";
import type { WorkflowService } from "../workflows/workflow_service.ts";
import { ApiError } from "./api_error.ts";
import { eventStream } from "./event_stream.ts";
import { pathParameter, type RouteTable } from "./route.ts";
import { unwrap } from "./service_answer_error.ts";

type WorkflowEndpoints =
  | "workflowRun"
  | "workflowList"
  | "workflowShow"
  | "workflowCancel"
  | "workflowEvents";

/** Tasks that follow each other. */
export function workflowRoutes(workflows: WorkflowService): RouteTable<WorkflowEndpoints> {
  return {
    workflowRun: async ({ body, principal }) => {
      const answer = await workflows.run(body, principal.name);
      if (!answer.ok && "guardrail" in answer) {
        throw new ApiError(answer.status, answer.message, { guardrail: answer.guardrail });
      }
      return unwrap(answer);
    },
    workflowList: ({ query: { limit, cursor } }) =>
      workflows.list({ limit, ...(cursor === undefined ? {} : { cursor }) }),
    workflowShow: async ({ params }) => unwrap(await workflows.show(pathParameter(params, "id"))),
    workflowCancel: async ({ params, body, principal }) =>
      unwrap(await workflows.cancel(pathParameter(params, "id"), body.operator, principal.name)),
    workflowEvents: ({ params }) =>
      eventStream(async (signal) =>
        parsed(unwrap(await workflows.follow(pathParameter(params, "id"), signal)))
      ),
  };
}

/** Lets nothing out that the contract does not name. */
async function* parsed(events: AsyncGenerator<unknown>) {
  for await (const event of events) yield workflowRunSchema.parse(event);
}
