import { z } from "zod";
import { runReportSchema } from "../config/run_report.ts";
import { endpoint } from "./endpoint.ts";

export const runSummarySchema = z.object({
  runId: z.uuid(),
  envoyUuid: z.uuid(),
  hostname: z.string(),
  startedAtMs: z.number(),
  durationMs: z.number(),
  policyVersion: z.string(),
  trigger: z.string(),
  outcome: z.enum(["converged", "changed", "degraded", "failed"]),
  changed: z.number().int(),
  failed: z.number().int(),
  blocked: z.number().int(),
  skipped: z.number().int(),
  total: z.number().int(),
});
export type RunSummary = z.infer<typeof runSummarySchema>;

export const runList = endpoint({
  method: "GET",
  path: "/runs",
  summary: "List runs that changed something or failed, newest first",
  permission: "fleet.read",
  query: z.object({
    host: z.string().max(255).optional(),
    failed: z.stringbool().optional(),
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
