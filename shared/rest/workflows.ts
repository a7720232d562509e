import { z } from "zod";
import { STEP_STATUSES, WORKFLOW_STATUSES } from "../workflows/advance_workflow.ts";
import { FAILURE_POLICIES, workflowSchema } from "../workflows/workflow.ts";
import { VERDICTS } from "../tasks/verdict.ts";
import { endpoint } from "./endpoint.ts";
import { pageOf, pageQuery } from "./page.ts";
import { taskPlanSchema } from "./tasks.ts";

const operatorSchema = z.string().max(128).default("");

/** One step of a workflow that was run, and the task that it became. */
export const workflowStepSchema = z.object({
  name: z.string(),
  /** What is run: of a named task with its parameters filled in, as it was when the workflow began. */
  command: z.string(),
  task: z.string().nullable(),
  params: z.record(z.string(), z.string()),
  target: z.string(),
  needs: z.array(z.string()),
  onFailure: z.enum(FAILURE_POLICIES),
  timeoutSecs: z.number().int(),
  nice: z.number().int(),
  batchSize: z.string().nullable(),
  maxFailures: z.string().nullable(),
  healthCheckUrl: z.string().nullable(),
  status: z.enum(STEP_STATUSES),
  /** Why it did not complete. */
  reason: z.string().nullable(),
  /** Its task; `null` until it begins, and if it never does. */
  taskId: z.string().nullable(),
  /** Envoys that the target spec hit when the step began. */
  targets: z.number().int(),
  counts: z.record(z.enum(VERDICTS), z.number().int()),
  startedAtMs: z.number().nullable(),
  finishedAtMs: z.number().nullable(),
});
export type WorkflowStepRun = z.infer<typeof workflowStepSchema>;

/** A run of a workflow with all of its steps, in the order of its file. */
export const workflowRunSchema = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  /** Who is said to have asked; a note beside `principal`, who proved it. */
  operator: z.string(),
  principal: z.string(),
  /** Whether a guardrail of the server was bypassed. */
  forced: z.boolean(),
  status: z.enum(WORKFLOW_STATUSES),
  /** Why it was cancelled. */
  reason: z.string().nullable(),
  createdAtMs: z.number(),
  finishedAtMs: z.number().nullable(),
  steps: z.array(workflowStepSchema),
});
export type WorkflowRun = z.infer<typeof workflowRunSchema>;

/** The same in a list: how many steps are where instead of the steps. */
export const workflowSummarySchema = workflowRunSchema.omit({ steps: true }).extend({
  steps: z.number().int(),
  stepCounts: z.record(z.enum(STEP_STATUSES), z.number().int()),
});
export type WorkflowSummary = z.infer<typeof workflowSummarySchema>;

/** What each step would do now, in the order of the file; who is in the fleet when its turn comes may differ. */
export const workflowPlanSchema = z.object({
  steps: z.array(z.object({
    name: z.string(),
    needs: z.array(z.string()),
    onFailure: z.enum(FAILURE_POLICIES),
    target: z.string(),
    plan: taskPlanSchema,
  })),
});
export type WorkflowPlan = z.infer<typeof workflowPlanSchema>;

/**
 * Runs the steps of a workflow, each as a task, in the order that their needs leave.
 *
 * The guardrails are asked about the commands of all steps before the first is sent: one that they refuse is answered 423 with
 * `guardrail` beside `message` in the body, and recorded; `force` bypasses it for all steps. With `dryRun` nothing is sent, and
 * whatever a guardrail says stands in the plans.
 */
export const workflowRun = endpoint({
  method: "POST",
  path: "/workflow",
  summary: "Run a workflow: steps that are each a task",
  permission: "push.execute",
  query: z.object({}),
  body: z.strictObject({
    workflow: workflowSchema,
    operator: operatorSchema,
    dryRun: z.boolean().default(false),
    force: z.boolean().default(false),
  }),
  answer: z.object({
    /** `null` for a dry run. */
    workflow: workflowRunSchema.nullable(),
    /** Of a dry run alone. */
    plan: workflowPlanSchema.nullable(),
  }),
});
export type WorkflowRequest = z.output<typeof workflowRun.body>;

export const workflowList = endpoint({
  method: "GET",
  path: "/workflow",
  summary: "List runs of workflows, newest first",
  permission: "fleet.read",
  query: pageQuery(20),
  body: z.undefined(),
  answer: pageOf({ workflows: z.array(workflowSummarySchema) }),
});

/** `:id` is a workflow's id or a unique beginning of it. */
export const workflowShow = endpoint({
  method: "GET",
  path: "/workflow/:id",
  summary: "Show one run of a workflow with its steps",
  permission: "fleet.read",
  query: z.object({}),
  body: z.undefined(),
  answer: workflowRunSchema,
});

/** Asking twice is as asking once, and a workflow that is over stays as it is. */
export const workflowCancel = endpoint({
  method: "POST",
  path: "/workflow/:id/cancel",
  summary: "End a workflow: the tasks that run are cancelled, what waits does not begin",
  permission: "push.execute",
  query: z.object({}),
  body: z.strictObject({ operator: operatorSchema }),
  answer: workflowRunSchema,
});

/** Told when it begins and whenever something has changed. The stream ends after the one whose status is not `running`. */
export const workflowEvents = {
  ...endpoint({
    method: "GET",
    path: "/workflow/:id/events",
    summary: "Follow a run of a workflow as server-sent events",
    permission: "fleet.read",
    query: z.object({}),
    body: z.undefined(),
    answer: workflowRunSchema,
  }),
  answerType: "text/event-stream",
} as const;
