import { z } from "zod";
import { CAUSES, OUTCOMES, runReportSchema } from "../config/run_report.ts";
import { suggestName } from "../naming/nearest_name.ts";
import { endpoint } from "./endpoint.ts";

export const RUN_OUTCOMES = ["converged", "changed", "degraded", "failed"] as const;

export type RunOutcome = typeof RUN_OUTCOMES[number];

export const runSummarySchema = z.object({
  runId: z.uuid(),
  envoyUuid: z.uuid(),
  hostname: z.string(),
  /** By the envoy's clock, and never after it was received. */
  startedAtMs: z.number(),
  /** When the server was told: hours later for a run without a server. */
  receivedAtMs: z.number().default(0),
  durationMs: z.number(),
  policyVersion: z.string(),
  trigger: z.string(),
  outcome: z.enum(RUN_OUTCOMES),
  changed: z.number().int(),
  /** Of what was changed: since the policy wants something else, and since the machine had drifted. */
  intentional: z.number().int().default(0),
  corrective: z.number().int().default(0),
  failed: z.number().int(),
  blocked: z.number().int(),
  skipped: z.number().int(),
  /** Checks that could not tell. */
  unknown: z.number().int().default(0),
  total: z.number().int(),
});
export type RunSummary = z.infer<typeof runSummarySchema>;

export const runList = endpoint({
  method: "GET",
  path: "/runs",
  summary: "List runs that changed something or failed, newest first",
  permission: "fleet.read",
  query: z.object({
    /** Hostname or UUID. */
    host: z.string().max(255).optional(),
    /** Target spec (shared/targeting/): of the envoys that it hits now. */
    target: z.string().max(4096).optional(),
    /** Outcomes, separated by commas. */
    status: z.string().max(128).transform((text, context) => {
      const words = text.split(",").map((word) => word.trim());
      const outcomes = RUN_OUTCOMES.filter((outcome) => words.includes(outcome));
      const stray = words.find((word) => !outcomes.some((outcome) => outcome === word));
      if (stray === undefined) return outcomes;
      context.addIssue({
        code: "custom",
        message: `expected ${RUN_OUTCOMES.join(", ")}, not ${JSON.stringify(stray)}${
          suggestName(stray, RUN_OUTCOMES)
        }`,
      });
      return z.NEVER;
    }).optional(),
    /** ms since 1970. */
    since: z.coerce.number().int().nonnegative().optional(),
    limit: z.coerce.number().int().min(1).max(1000).default(50),
    cursor: z.string().max(512).optional(),
  }),
  body: z.undefined(),
  answer: z.object({ runs: z.array(runSummarySchema), nextCursor: z.string().nullable() }),
});

export const runShow = endpoint({
  method: "GET",
  path: "/runs/:id",
  summary: "Show one run with its changes",
  permission: "fleet.read",
  query: z.object({}),
  body: z.undefined(),
  answer: runSummarySchema.extend({ report: runReportSchema }),
});

/** What a run looked at, in its order, with what came of each: enough to draw it. */
export const runGraph = endpoint({
  method: "GET",
  path: "/runs/:id/graph",
  summary: "Show the resources of one run and how they depend on each other",
  permission: "fleet.read",
  query: z.object({}),
  body: z.undefined(),
  answer: z.object({
    root: z.string(),
    policyVersion: z.string(),
    resources: z.array(z.object({
      id: z.string(),
      type: z.string(),
      crate: z.string(),
      source: z.string(),
      dependsOn: z.array(z.string()),
      notify: z.array(z.string()),
      outcome: z.enum(OUTCOMES),
      cause: z.enum(CAUSES).nullable(),
    })),
  }),
});
