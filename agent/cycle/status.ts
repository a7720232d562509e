import { z } from "zod";

/** What `GET /status` on the agent's socket answers: what the daemon does and how it is. Nothing secret. */
export const statusSchema = z.object({
  version: z.string(),
  pid: z.number().int(),
  startedAtMs: z.number(),
  envoyUuid: z.string(),
  hostname: z.string(),
  server: z.string(),
  activity: z.enum(["idle", "checking in", "applying", "stopping"]),
  intervalMs: z.number(),
  /** Local time of the last answered check-in; `null` before the first. */
  lastAnsweredAtMs: z.number().nullable(),
  /** Check-ins that failed in a row, and why the last one did. */
  failures: z.number().int(),
  lastFailure: z.string().nullable(),
  nextCheckInAtMs: z.number().nullable(),
  policyVersion: z.string().nullable(),
  bundleSerial: z.number().nullable(),
  resources: z.number().int().nullable(),
  lastRun: z.object({
    finishedAtMs: z.number(),
    durationMs: z.number(),
    inSync: z.number(),
    changed: z.number(),
    failed: z.number(),
    blocked: z.number(),
    unknown: z.number(),
    skipped: z.number(),
  }).nullable(),
  /** Why nothing was applied in the last cycle. */
  notApplied: z.string().nullable(),
  /** That nothing is applied because somebody said so, and why. */
  pause: z.object({
    reason: z.string(),
    by: z.string(),
    sinceMs: z.number(),
    untilMs: z.number().nullable(),
  }).nullable().default(null),
  queuedReports: z.number().int(),
  droppedReports: z.number().int(),
  clockOffsetMs: z.number(),
  certificateNotAfterMs: z.number(),
  streamOpen: z.boolean(),
  suspectedClone: z.boolean(),
  swarm: z.object({
    /** `off`: the gates are closed. */
    state: z.enum(["off", "starting", "running", "failed"]),
    address: z.string(),
    /** Why it does not run although it should. */
    problem: z.string().default(""),
  }),
});

export type AgentStatus = z.infer<typeof statusSchema>;
