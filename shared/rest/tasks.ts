import { z } from "zod";
import { commandSchema } from "../tasks/task_orders.ts";
import { MAX_NICE, MAX_TIMEOUT_SECS } from "../tasks/task_limits.ts";
import { TASK_STATUSES, type Verdict, VERDICTS } from "../tasks/verdict.ts";
import { endpoint } from "./endpoint.ts";
import { guardrailSchema } from "./guardrail.ts";

/** Longest texts of a request, in characters, and most parameters. */
const MAX_TEXT = 4_096;
const MAX_PARAMETERS = 100;

const verdictCounts = z.record(z.enum(VERDICTS), z.number().int());

/** A run of a command or a named task, without what came of each target. */
export const taskSummarySchema = z.object({
  id: z.string(),
  command: z.string(),
  /** The named task that the command comes from. */
  task: z.string().nullable(),
  params: z.record(z.string(), z.string()),
  target: z.string(),
  /** Who is said to have asked; a note beside `principal`, who proved it. */
  operator: z.string(),
  principal: z.string(),
  status: z.enum(TASK_STATUSES),
  /** Why it was aborted or cancelled. */
  reason: z.string().nullable(),
  /** Envoys that the target spec hit when the task was made. */
  targets: z.number().int(),
  batches: z.number().int(),
  /** Number of the batch that runs, from 0; of the last one once it is over. */
  batch: z.number().int(),
  /** Targets by verdict; those without one yet are `waiting` for their turn, or it `runs` there. */
  counts: verdictCounts,
  waiting: z.number().int(),
  running: z.number().int(),
  timeoutSecs: z.number().int(),
  nice: z.number().int(),
  batchSize: z.string().nullable(),
  maxFailures: z.string().nullable(),
  healthCheckUrl: z.string().nullable(),
  /** Whether a guardrail of the server was bypassed. */
  forced: z.boolean(),
  createdAtMs: z.number(),
  startedAtMs: z.number().nullable(),
  finishedAtMs: z.number().nullable(),
});
export type TaskSummary = z.infer<typeof taskSummarySchema>;

/** One target of a task. */
export const taskTargetSchema = z.object({
  /** Its place in the plan, from 0; targets are listed in this order. */
  position: z.number().int(),
  envoyUuid: z.uuid(),
  hostname: z.string(),
  /** Number of its batch, from 0; `null` if it is in none: it was offline when the task was planned, or gets no tasks. */
  batch: z.number().int().nullable(),
  /** Where it is: `waiting` for its turn, `sent`, `running` there, or `over` with a verdict. */
  state: z.enum(["waiting", "sent", "running", "over"]),
  verdict: z.enum(VERDICTS).nullable(),
  /** 128 + signal number if a signal ended the command; `null` unless it ran to an end. */
  exitCode: z.number().int().nullable(),
  durationMs: z.number().nullable(),
  /** What more there is to say of the verdict, in one line. */
  reason: z.string().nullable(),
});
export type TaskTarget = z.infer<typeof taskTargetSchema>;

/** What was kept of one output stream; shared/tasks/captured_output.ts joins it. Both parts are base64. */
export const taskOutputSchema = z.object({
  head: z.base64(),
  tail: z.base64(),
  droppedBytes: z.number().int(),
});
export type TaskOutput = z.infer<typeof taskOutputSchema>;

export const taskResultSchema = taskTargetSchema.extend({
  /** `null` where nothing was kept, as without a verdict or where it was not asked for. */
  stdout: taskOutputSchema.nullable(),
  stderr: taskOutputSchema.nullable(),
});
export type TaskResult = z.infer<typeof taskResultSchema>;

/** What a task would do, or does: who gets it when. */
export const taskPlanSchema = z.object({
  command: z.string(),
  task: z.string().nullable(),
  /** Hostnames of each batch. */
  batches: z.array(z.array(z.string())),
  /** Hostnames of targets without a stream. */
  offline: z.array(z.string()),
  /** Targets that get no tasks, such as a suspected clone. */
  skipped: z.array(z.object({ hostname: z.string(), reason: z.string() })),
  timeoutSecs: z.number().int(),
  /** When it is over at the latest, in ms from its start. */
  longestMs: z.number(),
  /** What a guardrail says of the command; `null` if nothing. */
  guardrail: guardrailSchema.nullable(),
});
export type TaskPlan = z.infer<typeof taskPlanSchema>;

/**
 * Runs a command, or a named task with its parameters, on every envoy that the target spec hits.
 *
 * A command that a guardrail refuses is answered 423 with `guardrail` beside `message` in the body, and recorded; `force`
 * bypasses it. With `dryRun` nothing is sent, and whatever a guardrail says stands in the plan.
 */
export const taskRun = endpoint({
  method: "POST",
  path: "/task",
  summary: "Run a command or a named task on envoys",
  permission: "push.execute",
  query: z.object({}),
  body: z.strictObject({
    command: commandSchema.optional(),
    task: z.string().min(1).max(128).optional(),
    params: z.record(z.string().min(1).max(128), z.string().max(MAX_TEXT)).default({})
      .refine((params) => Object.keys(params).length <= MAX_PARAMETERS, {
        error: `expected at most ${MAX_PARAMETERS} parameters`,
      }),
    target: z.string().min(1).max(4096),
    /** 60 if neither this nor the named task says otherwise. */
    timeoutSecs: z.number().int().min(1).max(MAX_TIMEOUT_SECS).optional(),
    operator: z.string().max(128).default(""),
    /** A count, a percentage or a ramp: shared/tasks/task_amount.ts. */
    batchSize: z.string().max(256).optional(),
    maxFailures: z.string().max(16).optional(),
    healthCheckUrl: z.string().max(2048).optional(),
    nice: z.number().int().min(0).max(MAX_NICE).optional(),
    dryRun: z.boolean().default(false),
    force: z.boolean().default(false),
  }).refine(({ command, task }) => (command === undefined) !== (task === undefined), {
    error: "expected either a command or a task",
  }).refine(({ task, params }) => task !== undefined || Object.keys(params).length === 0, {
    error: "expected parameters with a named task alone",
    path: ["params"],
  }),
  answer: z.object({
    /** `null` for a dry run. */
    task: taskSummarySchema.nullable(),
    plan: taskPlanSchema,
  }),
});
export type TaskRequest = z.output<typeof taskRun.body>;

export const taskList = endpoint({
  method: "GET",
  path: "/task",
  summary: "List task runs, newest first",
  permission: "fleet.read",
  query: z.object({
    limit: z.coerce.number().int().min(1).max(1000).default(20),
    cursor: z.string().max(512).optional(),
  }),
  body: z.undefined(),
  answer: z.object({ tasks: z.array(taskSummarySchema), nextCursor: z.string().nullable() }),
});

/** `:id` is a task's id or a unique beginning of it. */
export const taskShow = endpoint({
  method: "GET",
  path: "/task/:id",
  summary: "Show one task run",
  permission: "fleet.read",
  query: z.object({}),
  body: z.undefined(),
  answer: taskSummarySchema,
});

/** A page holds at most a few MiB of output, so it may be shorter than `limit`; `nextCursor` leads on. */
export const taskResults = endpoint({
  method: "GET",
  path: "/task/:id/results",
  summary: "List the targets of a task run with what came of each",
  permission: "fleet.read",
  query: z.object({
    limit: z.coerce.number().int().min(1).max(1000).default(200),
    cursor: z.string().max(512).optional(),
    /** `false` leaves the output out. */
    output: z.enum(["true", "false"]).default("true").transform((text) => text === "true"),
    /** Verdicts, separated by commas; targets without a verdict are then left out. */
    verdict: z.string().max(128).transform((text, context): Verdict[] => {
      const words = text.split(",").map((word) => word.trim());
      const verdicts = VERDICTS.filter((verdict) => words.includes(verdict));
      const stray = words.find((word) => !verdicts.some((verdict) => verdict === word));
      if (stray === undefined) return verdicts;
      context.addIssue({
        code: "custom",
        message: `expected ${VERDICTS.join(", ")}, not ${JSON.stringify(stray)}`,
      });
      return z.NEVER;
    }).optional(),
  }),
  body: z.undefined(),
  answer: z.object({ results: z.array(taskResultSchema), nextCursor: z.string().nullable() }),
});

/** Asking twice is as asking once, and a task that is over stays as it is. */
export const taskCancel = endpoint({
  method: "POST",
  path: "/task/:id/cancel",
  summary: "End a task: what runs is ended, what waits does not begin",
  permission: "push.execute",
  query: z.object({}),
  body: z.strictObject({ operator: z.string().max(128).default("") }),
  answer: taskSummarySchema,
});

/** `:host` is a hostname or a UUID. */
export const envoyTasks = endpoint({
  method: "GET",
  path: "/envoys/:host/tasks",
  summary: "List task runs that an envoy was a target of, newest first, with what came of it there",
  permission: "fleet.read",
  query: z.object({
    limit: z.coerce.number().int().min(1).max(1000).default(20),
    cursor: z.string().max(512).optional(),
  }),
  body: z.undefined(),
  answer: z.object({
    tasks: z.array(z.object({ task: taskSummarySchema, target: taskTargetSchema })),
    nextCursor: z.string().nullable(),
  }),
});

/**
 * What is told while a task runs, one JSON value in each event's `data`.
 *
 * First comes `task`, then every target in `targets`, then what changes. `output` comes as it can, with gaps where the
 * sender or the reader is too slow; the results have the truth. The stream ends after the `task` whose status is not
 * `running`. A reader that falls too far behind is cut off and asks for the results.
 */
export const taskEventSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("task"), task: taskSummarySchema }),
  z.object({ kind: z.literal("targets"), targets: z.array(taskTargetSchema) }),
  z.object({
    kind: z.literal("output"),
    position: z.number().int(),
    hostname: z.string(),
    stream: z.enum(["stdout", "stderr"]),
    /** Where in the stream it begins, in bytes. */
    offset: z.number().int(),
    data: z.base64(),
  }),
]);
export type TaskEvent = z.infer<typeof taskEventSchema>;

export const taskEvents = {
  ...endpoint({
    method: "GET",
    path: "/task/:id/events",
    summary: "Follow a task run as server-sent events",
    permission: "fleet.read",
    query: z.object({}),
    body: z.undefined(),
    answer: taskEventSchema,
  }),
  answerType: "text/event-stream",
} as const;
