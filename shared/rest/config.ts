import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { pageOf, pageQuery } from "./page.ts";

/** One mistake in a tree of stacks. */
export const configProblemSchema = z.object({
  /** Path below `stacks/`. */
  file: z.string(),
  line: z.number().int(),
  column: z.number().int(),
  message: z.string(),
});
export type ConfigProblem = z.infer<typeof configProblemSchema>;

export const configVersionSchema = z.object({
  version: z.string(),
  publishedAtMs: z.number(),
  publishedBy: z.string(),
  message: z.string(),
  live: z.boolean(),
  /** The version that this one put back, for a rollback. */
  rollbackOf: z.string().nullable(),
});
export type ConfigVersion = z.infer<typeof configVersionSchema>;

export const resourceChangeSchema = z.object({
  id: z.string(),
  change: z.enum(["added", "removed", "changed"]),
  crate: z.string(),
  diff: z.string(),
});

/** What a version would change for a group of hosts that change alike. */
export const hostChangeSchema = z.object({
  hosts: z.array(z.string()),
  changes: z.array(resourceChangeSchema),
  problems: z.array(z.string()),
});
export type HostChange = z.infer<typeof hostChangeSchema>;

/** Publishing and rolling back are refused until it ends. */
export const freezeSchema = z.object({
  untilMs: z.number(),
  reason: z.string(),
  /** The authenticated name, and the note beside it. */
  frozenBy: z.string(),
  sinceMs: z.number(),
});
export type ConfigFreeze = z.infer<typeof freezeSchema>;

/** The two versions that the caller compared; if they are not what would be swapped now, nothing is. */
const reviewedSchema = z.strictObject({
  from: z.string().max(128).nullable(),
  to: z.string().max(128),
});

/** Whether a version goes live that can be compiled for none of the hosts it matches. */
const allowRefusedSchema = z.boolean().default(false);

/** What a version would change against the live one. */
const comparisonFields = {
  /** Live before; null before the first publish. */
  from: z.string().nullable(),
  unchangedHosts: z.number().int(),
  /** Compared hosts that an entry of the new version matches. */
  matchedHosts: z.number().int(),
  /** Of those, the ones that it cannot be compiled for; they keep the policy they have. */
  refusedHosts: z.number().int(),
  changes: z.array(hostChangeSchema),
  /** What does not stop a publish, and should be known before it. */
  warnings: z.array(z.string()),
};

export const configValidate = endpoint({
  method: "POST",
  path: "/config/validate",
  summary: "Check the staged stacks and report every mistake",
  permission: "fleet.read",
  query: z.object({}),
  body: z.strictObject({}),
  answer: z.object({
    valid: z.boolean(),
    version: z.string().nullable(),
    problems: z.array(configProblemSchema),
    files: z.number().int(),
    hosts: z.number().int(),
    /** What keeps single hosts from the version because of what they report, each once. It may be published all the same. */
    hostProblems: z.array(
      configProblemSchema.extend({ hosts: z.number().int(), firstHost: z.string() }),
    ),
    /** What does not stop a publish, and should be known before it. */
    warnings: z.array(z.string()),
  }),
});

export const configDiff = endpoint({
  method: "POST",
  path: "/config/diff",
  summary: "Compile staged and live stacks and compare them for each host",
  permission: "fleet.read",
  query: z.object({}),
  body: z.strictObject({
    host: z.string().max(255).optional(),
    /** Version to compare with the live one instead of the staged stacks. */
    version: z.string().max(128).optional(),
    /** Version to compare it with, instead of the live one. */
    from: z.string().max(128).optional(),
    /** Compare the version that a rollback without a version would put back. */
    previous: z.boolean().default(false),
  }),
  answer: z.object({
    ...comparisonFields,
    to: z.string(),
    problems: z.array(configProblemSchema),
  }),
});

export const configPublish = endpoint({
  method: "POST",
  path: "/config/publish",
  summary: "Validate the staged stacks and make them live",
  permission: "config.publish",
  query: z.object({}),
  body: z.strictObject({
    message: z.string().max(500).default(""),
    operator: z.string().max(128).default(""),
    reviewed: reviewedSchema.optional(),
    allowRefused: allowRefusedSchema,
  }),
  answer: z.object({
    ...comparisonFields,
    published: z.boolean(),
    version: z.string().nullable(),
    problems: z.array(configProblemSchema),
  }),
});

export const configHistory = endpoint({
  method: "GET",
  path: "/config/history",
  summary: "List published versions, newest first",
  permission: "fleet.read",
  query: pageQuery(50),
  body: z.undefined(),
  answer: pageOf({ versions: z.array(configVersionSchema) }),
});

export const configRollback = endpoint({
  method: "POST",
  path: "/config/rollback",
  summary: "Make an earlier version live again",
  permission: "config.publish",
  query: z.object({}),
  body: z.strictObject({
    /** Version or unique prefix; the one before the live version when absent. */
    version: z.string().max(128).optional(),
    message: z.string().max(500).default(""),
    operator: z.string().max(128).default(""),
    reviewed: reviewedSchema.optional(),
    allowRefused: allowRefusedSchema,
  }),
  answer: z.object({ ...comparisonFields, version: z.string() }),
});

export const configFreeze = endpoint({
  method: "POST",
  path: "/config/freeze",
  summary: "Refuse publishing and rolling back until a time",
  permission: "config.publish",
  query: z.object({}),
  body: z.strictObject({
    /** ms since 1970. */
    untilMs: z.number().int().nonnegative(),
    reason: z.string().trim().min(1).max(500),
    operator: z.string().max(128).default(""),
  }),
  answer: freezeSchema,
});

export const configUnfreeze = endpoint({
  method: "POST",
  path: "/config/unfreeze",
  summary: "End a freeze before its time",
  permission: "config.publish",
  query: z.object({}),
  body: z.strictObject({ operator: z.string().max(128).default("") }),
  /** The freeze that was ended; null if there was none. */
  answer: z.object({ ended: freezeSchema.nullable() }),
});
