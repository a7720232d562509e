import { z } from "zod";
import { MAX_BUNDLE_RESOURCES } from "./policy_bundle.ts";

/** Longest diff kept for one resource, in characters; what is cut is marked. */
export const MAX_DIFF_LENGTH = 16 * 1024;
/** Largest report accepted, in bytes of JSON. */
export const MAX_REPORT_BYTES = 1024 * 1024;
/** Latest point in time that a clock may tell, in ms since 1970: the last that a `Date` holds (ECMA-262). */
export const MAX_TIME_MS = 8_640_000_000_000_000;
/** Longest run that is believed, in ms: a leap year. */
export const MAX_DURATION_MS = 366 * 86_400_000;

/** Most runs in a row that are counted: what a heartbeat's uint32 holds. */
export const MAX_CHANGE_STREAK = 0xffff_ffff;

const durationSchema = z.number().nonnegative().max(MAX_DURATION_MS);

/**
 * What came of one resource. `blocked` is a fault of the infrastructure (a full disk, a broken package source): diverged,
 * not failed. `unknown` is a check that could not tell. `would_*` appear in dry runs alone.
 */
export const OUTCOMES = [
  "none",
  "created",
  "updated",
  "deleted",
  "skipped",
  "blocked",
  "failed",
  "unknown",
  "would_change",
] as const;

export type Outcome = typeof OUTCOMES[number];

/**
 * Why something had to be changed. `intentional`: since the machine was last as the policy wants it, the policy has begun to
 * want something else of this resource. `corrective`: it wants the same as before, and the machine has drifted.
 */
export const CAUSES = ["intentional", "corrective"] as const;

export type ChangeCause = typeof CAUSES[number];

export const resourceReportSchema = z.strictObject({
  id: z.string().max(1024),
  crate: z.string().max(255),
  outcome: z.enum(OUTCOMES),
  /** Unified diff or a line that says what differs; absent when nothing does. */
  diff: z.string().max(MAX_DIFF_LENGTH + 200).optional(),
  /** Why it failed, was skipped or blocked, or cannot be known. */
  reason: z.string().max(4096).optional(),
  /** Of what was changed or was to be; absent from agents that do not tell. */
  cause: z.enum(CAUSES).optional(),
  durationMs: durationSchema,
});

export type ResourceReport = z.infer<typeof resourceReportSchema>;

/** One application of a bundle. Resources that came to `none` are counted, not listed. */
export const runReportSchema = z.strictObject({
  schema: z.literal(1),
  runId: z.uuid(),
  /** Rises with every run of an envoy, whatever its clock does: max(previous + 1, clock in ms). */
  serial: z.number().int().positive().optional(),
  /** Runs in a row, this one included, that changed something. */
  changeStreak: z.number().int().nonnegative().max(MAX_CHANGE_STREAK).optional(),
  policyVersion: z.string().max(128),
  root: z.string().regex(/^[0-9a-f]{64}$/),
  startedAtMs: z.number().int().nonnegative().max(MAX_TIME_MS),
  durationMs: durationSchema,
  trigger: z.enum(["interval", "push", "manual", "offline", "start"]),
  dryRun: z.boolean(),
  counts: z.record(z.enum(OUTCOMES), z.number().int().nonnegative().max(MAX_BUNDLE_RESOURCES)),
  resources: z.array(resourceReportSchema).max(MAX_BUNDLE_RESOURCES),
  /** Set when diffs or resources were left out to stay below the size limit. */
  truncated: z.boolean(),
});

export type RunReport = z.infer<typeof runReportSchema>;
