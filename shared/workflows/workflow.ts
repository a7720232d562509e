import { z } from "zod";
import { parseTargetSpec } from "../targeting/target_spec.ts";
import { TargetSpecError } from "../targeting/target_spec_error.ts";
import { parseBatchSize, parseMaxFailures, TaskAmountError } from "../tasks/task_amount.ts";
import { MAX_NICE, MAX_TIMEOUT_SECS } from "../tasks/task_limits.ts";
import { commandSchema } from "../tasks/task_orders.ts";
import { judgeSteps } from "./judge_steps.ts";

/** Steps of one workflow: each may be a task for the whole fleet. */
export const MAX_STEPS = 50;
/** Longest description, in UTF-16 code units. */
const MAX_DESCRIPTION = 1_000;
/** Parameters of a step, and the longest value. */
const MAX_PARAMETERS = 100;
const MAX_PARAMETER_LENGTH = 4_096;
/** Longest texts of a step's settings, in UTF-16 code units. */
const MAX_TARGET = 4_096;
const MAX_BATCH_SIZE = 256;
const MAX_FAILURES_TEXT = 16;
const MAX_URL = 2_048;

/** What a step that does not complete means for the others. `stop`: none of them begins any more; `continue`: none that needs it. */
export const FAILURE_POLICIES = ["stop", "continue"] as const;
export type FailurePolicy = typeof FAILURE_POLICIES[number];

const nameSchema = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i, {
  error: 'expected letters, digits, "-", "_" and ".", at most 64, as in "restart-web"',
});

/** Of text that a parser of the task language must take; its own message says why it does not. */
function readBy(maxLength: number, parse: (text: string) => unknown) {
  return z.string().max(maxLength).superRefine((text, context) => {
    try {
      parse(text);
    } catch (error) {
      if (!(error instanceof TaskAmountError) && !(error instanceof TargetSpecError)) throw error;
      context.addIssue({ code: "custom", message: error.message });
    }
  });
}

/** The settings of one step, as in a request for a task. */
export const stepSchema = z.strictObject({
  name: nameSchema,
  /** Either this or `task`. */
  command: commandSchema.optional(),
  /** A named task of the live stacks, with its `params`. */
  task: z.string().min(1).max(128).optional(),
  params: z.record(z.string().min(1).max(128), z.string().max(MAX_PARAMETER_LENGTH)).default({})
    .refine((params) => Object.keys(params).length <= MAX_PARAMETERS, {
      error: `expected at most ${MAX_PARAMETERS} parameters`,
    }),
  target: readBy(MAX_TARGET, parseTargetSpec),
  /** Steps that must be complete before this one begins. */
  needs: z.array(z.string().max(64)).max(MAX_STEPS).default([]),
  onFailure: z.enum(FAILURE_POLICIES, { error: "expected stop or continue" }).default("stop"),
  timeoutSecs: z.number().int().min(1).max(MAX_TIMEOUT_SECS).optional(),
  batchSize: readBy(MAX_BATCH_SIZE, parseBatchSize).optional(),
  maxFailures: readBy(MAX_FAILURES_TEXT, parseMaxFailures).optional(),
  healthCheckUrl: z.string().max(MAX_URL).optional(),
  nice: z.number().int().min(0).max(MAX_NICE, { error: `expected 0 to ${MAX_NICE}` }).optional(),
});
export type WorkflowStep = z.infer<typeof stepSchema>;

/** A workflow: steps that are each a task, and which of them wait for which. */
export const workflowSchema = z.strictObject({
  name: nameSchema,
  description: z.string().max(MAX_DESCRIPTION).default(""),
  steps: z.array(stepSchema).min(1, { error: "expected at least one step" })
    .max(MAX_STEPS, { error: `expected at most ${MAX_STEPS} steps` }),
}).superRefine(({ steps }, context) => {
  for (const { path, message } of judgeSteps(steps)) {
    context.addIssue({ code: "custom", path: ["steps", ...path], message });
  }
});
export type Workflow = z.infer<typeof workflowSchema>;
