import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { MAX_PAGE_ROWS, pageOf, pageQuery } from "./page.ts";

export const CONVERGENCES = ["Converged", "Degraded", "Failed", "NoData"] as const;
export type Convergence = typeof CONVERGENCES[number];

/** `Diverged`: changes in three runs in a row or more, so that something fights the policy or never settles. */
export const DRIFTS = ["None", "Changed", "Diverged"] as const;
export type Drift = typeof DRIFTS[number];

/**
 * `live`: the last run was of the policy that is wanted now. `pending`: it was not, or that is not known yet. `unresolved`: no
 * policy can be made for it. `none`: nothing is published.
 */
export const POLICY_STATES = ["live", "pending", "unresolved", "none"] as const;
export type PolicyState = typeof POLICY_STATES[number];

/** What an envoy's last run was, however long ago. */
export const lastRunSchema = z.object({
  convergence: z.enum(CONVERGENCES),
  /** Rises with every run of an envoy. */
  serial: z.number().int(),
  /** By the envoy's clock. */
  finishedAtMs: z.number(),
  /** Of the bundle that it applied, hex. */
  root: z.string(),
});

export const envoySummarySchema = z.object({
  uuid: z.uuid(),
  hostname: z.string(),
  /** `online` within 2.5 × the envoy's own observed interval. */
  presence: z.enum(["online", "offline"]),
  state: z.enum(["active", "cloned?", "revoked"]),
  /** What is true now: that of the last run while the envoy is online and the run was of the live policy, else `NoData`. */
  convergence: z.enum(CONVERGENCES),
  /** The past: `null` before the first run. */
  lastRun: lastRunSchema.nullable(),
  policy: z.enum(POLICY_STATES),
  drift: z.enum(DRIFTS),
  ip: z.string().nullable(),
  agentVersion: z.string().nullable(),
  lastSeenMs: z.number().nullable(),
  policyVersion: z.string().nullable(),
  /** Why it applies nothing; `null` while it does. */
  pausedReason: z.string().nullable(),
  /** When that ends by itself, by the envoy's clock; `null` if it does not. */
  pausedUntilMs: z.number().nullable(),
});
export type EnvoySummary = z.infer<typeof envoySummarySchema>;

export const envoyDetailSchema = envoySummarySchema.extend({
  enrolledAtMs: z.number(),
  observedHostname: z.string().nullable(),
  intervalMs: z.number().nullable(),
  fingerprint: z.string().nullable(),
  certificateExpiresAtMs: z.number().nullable(),
  /** The name that its certificate still carries after a rename. */
  previousHostname: z.string().nullable(),
  tags: z.record(z.string(), z.string()),
  traits: z.record(z.string(), z.json()),
  warnings: z.array(z.string()),
});
export type EnvoyDetail = z.infer<typeof envoyDetailSchema>;

/** What a list of envoys can be sorted by; `-` before it turns the order round. Among equals the hostname decides. */
export const ENVOY_SORTS = ["hostname", "state", "drift", "policy", "presence", "seen"] as const;
export type EnvoySort = typeof ENVOY_SORTS[number];

const envoySort = z.string().max(16).regex(new RegExp(`^-?(${ENVOY_SORTS.join("|")})$`));

export const envoyList = endpoint({
  method: "GET",
  path: "/envoys",
  summary: "List envoys by hostname",
  permission: "fleet.view",
  query: z.object({
    /** Target spec (shared/targeting/). It can ask for traits, and so needs the permission `fleet.read`. */
    target: z.string().max(4096).optional(),
    /** Include revoked ones. */
    all: z.stringbool().optional(),
    /** `hostname`, `state`, `drift`, `policy`, `presence` or `seen`: worst, then oldest first; `-` before it for the reverse. */
    sort: envoySort.default("hostname"),
    limit: z.coerce.number().int().min(1).max(1000).default(200),
    cursor: z.string().max(512).optional(),
  }),
  body: z.undefined(),
  answer: z.object({
    envoys: z.array(envoySummarySchema),
    /** Envoys on all pages. */
    total: z.number().int().default(0),
    nextCursor: z.string().nullable(),
  }),
});

/** `:host` is a hostname or a UUID. */
export const envoyShow = endpoint({
  method: "GET",
  path: "/envoys/:host",
  summary: "Show one envoy with its traits",
  permission: "fleet.read",
  query: z.object({}),
  body: z.undefined(),
  answer: envoyDetailSchema,
});

export const envoyRevoke = endpoint({
  method: "POST",
  path: "/envoys/:host/revoke",
  summary: "Revoke an envoy's identity for good",
  permission: "admin",
  query: z.object({}),
  body: z.strictObject({ reason: z.string().max(500).default("") }),
  answer: z.object({ uuid: z.uuid(), hostname: z.string() }),
});

/** Clears the suspicion that two machines use one identity. */
export const envoyAccept = endpoint({
  method: "POST",
  path: "/envoys/:host/accept",
  summary: "Accept an envoy that was marked as cloned",
  permission: "admin",
  query: z.object({}),
  body: z.strictObject({}),
  answer: z.object({ uuid: z.uuid(), hostname: z.string() }),
});

/** Longest name and value of a tag, and most tags of one envoy. */
export const MAX_TAG_NAME = 128;
export const MAX_TAG_VALUE = 256;
export const MAX_TAGS = 64;

/** Letters, digits and the signs that a target spec takes without quotes. */
export const tagName = z.string().max(MAX_TAG_NAME).regex(/^[A-Za-z0-9_/@+.-]+$/, {
  error: "expected letters, digits and _ / @ + . -",
});
const tagValue = z.string().max(MAX_TAG_VALUE).regex(
  /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u,
  { error: "expected one line of visible text" },
);

/** Sets and takes away tags; those that are not named stay. */
export const envoyTag = endpoint({
  method: "POST",
  path: "/envoys/:host/tags",
  summary: "Change the tags of an envoy",
  permission: "fleet.write",
  query: z.object({}),
  body: z.strictObject({
    set: z.record(tagName, tagValue).default({}),
    remove: z.array(tagName).max(MAX_TAGS).default([]),
  }),
  answer: z.object({
    uuid: z.uuid(),
    hostname: z.string(),
    tags: z.record(z.string(), z.string()),
    /** False if they were so already. */
    changed: z.boolean(),
  }),
});

/** The new name counts at once; the certificate follows at the envoy's next check-in. */
export const envoyRename = endpoint({
  method: "POST",
  path: "/envoys/:host/rename",
  summary: "Bind an envoy to another hostname",
  permission: "admin",
  query: z.object({}),
  body: z.strictObject({ hostname: z.string().min(1).max(253) }),
  answer: z.object({
    uuid: z.uuid(),
    hostname: z.string(),
    previousHostname: z.string(),
    /** Whether the envoy is connected and was told to check in. */
    notified: z.boolean(),
  }),
});

export const envoyRemove = endpoint({
  method: "POST",
  path: "/envoys/:host/remove",
  summary:
    "Take a revoked envoy, or one that was never seen, out of every list; its identity stays revoked",
  permission: "admin",
  query: z.object({}),
  body: z.strictObject({}),
  answer: z.object({ uuid: z.uuid(), hostname: z.string() }),
});

/** Asks connected envoys to check in at once. */
export const envoyPush = endpoint({
  method: "POST",
  path: "/envoys/push",
  summary: "Make envoys check in now",
  permission: "push.execute",
  query: z.object({}),
  body: z.strictObject({ target: z.string().min(1).max(4096), force: z.boolean().default(false) }),
  answer: z.object({
    /** For {@linkcode envoyPushShow}. */
    id: z.uuid(),
    pushed: z.array(z.string()),
    offline: z.array(z.string()),
  }),
});

/**
 * How far one envoy is with a push. `sent`: it was told. `checked_in`: and has come. `done`: and has applied its policy;
 * `idle`: and has nothing to apply, since it is paused or has no policy. `unresolved`: the live policy cannot be made for it,
 * and it keeps the one it has. `offline`: it has no stream, and was not told.
 */
export const PUSH_STATES = ["sent", "checked_in", "done", "idle", "unresolved", "offline"] as const;

export const pushedHostSchema = z.object({
  hostname: z.string(),
  state: z.enum(PUSH_STATES),
  /** Of the run that the push led to. */
  convergence: z.enum(CONVERGENCES).nullable(),
  /** Why nothing was applied, or not the live policy. */
  reason: z.string().nullable(),
});
export type PushedHost = z.infer<typeof pushedHostSchema>;

/** Pushes are forgotten after an hour, and by a restart of the server. */
export const envoyPushShow = endpoint({
  method: "GET",
  path: "/envoys/push/:id",
  summary: "Show how far each envoy of a push is",
  permission: "push.execute",
  query: pageQuery(MAX_PAGE_ROWS),
  body: z.undefined(),
  answer: pageOf({ hosts: z.array(pushedHostSchema) }),
});

/** How often one condition of a query holds, to see which of them nothing passes. */
export const queryTermSchema = z.object({
  term: z.string(),
  /** Whether it takes envoys out. */
  excludes: z.boolean(),
  /** Envoys that it holds for, and that have what it asks about. */
  matches: z.number().int(),
  known: z.number().int(),
  /** Some values that envoys have there. */
  examples: z.array(z.string()),
  /** Names that there are in place of one that nobody has. */
  suggestion: z.string().nullable(),
});
export type QueryTerm = z.infer<typeof queryTermSchema>;

export const envoyQuery = endpoint({
  method: "GET",
  path: "/query",
  summary: "List the envoys that a target spec hits, with the values that it asks about",
  permission: "fleet.read",
  query: z.object({
    target: z.string().min(1).max(4096),
    limit: z.coerce.number().int().min(1).max(1000).default(200),
    cursor: z.string().max(512).optional(),
  }),
  body: z.undefined(),
  answer: z.object({
    /** Of all pages. */
    matched: z.number().int(),
    total: z.number().int(),
    envoys: z.array(z.object({
      uuid: z.uuid(),
      hostname: z.string(),
      /** By what the spec asks about, such as `os.distro` or `tag:role`. */
      values: z.record(z.string(), z.array(z.union([z.string(), z.number(), z.boolean()]))),
    })),
    nextCursor: z.string().nullable(),
    terms: z.array(queryTermSchema),
  }),
});
