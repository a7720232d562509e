import { z } from "zod";
import { PARAMETER_TYPES } from "../tasks/task_parameter.ts";
import { endpoint } from "./endpoint.ts";

/** A named task, as the live version of the stacks has it. */
export const namedTaskSchema = z.object({
  name: z.string(),
  description: z.string(),
  params: z.array(z.object({
    name: z.string(),
    description: z.string(),
    type: z.enum(PARAMETER_TYPES),
    /** Whether a run must give it. */
    required: z.boolean(),
    default: z.string().nullable(),
    /** RE2, for the whole of a value. */
    pattern: z.string().nullable(),
  })),
  /** With `{{ params.… }}` where the values go. */
  command: z.string(),
  /** What applies where a run does not say otherwise; `null` where the task says nothing either. */
  timeoutSecs: z.number().int().nullable(),
  nice: z.number().int().nullable(),
  batchSize: z.string().nullable(),
  maxFailures: z.string().nullable(),
  healthCheckUrl: z.string().nullable(),
  /** Where it stands, below `stacks/`. */
  file: z.string(),
  line: z.number().int(),
});
export type NamedTask = z.infer<typeof namedTaskSchema>;

export const namedTaskList = endpoint({
  method: "GET",
  path: "/named-task",
  summary: "List the named tasks of the live version, by name",
  permission: "fleet.read",
  query: z.object({
    limit: z.coerce.number().int().min(1).max(1000).default(200),
    cursor: z.string().max(512).optional(),
  }),
  body: z.undefined(),
  answer: z.object({ tasks: z.array(namedTaskSchema), nextCursor: z.string().nullable() }),
});
