import { z } from "zod";
import { endpoint } from "./endpoint.ts";

export const envoySummarySchema = z.object({
  uuid: z.uuid(),
  hostname: z.string(),
  /** `online` within 2.5 × the envoy's own observed interval. */
  presence: z.enum(["online", "offline"]),
  state: z.enum(["active", "cloned?", "revoked"]),
  convergence: z.enum(["Converged", "Degraded", "Failed", "NoData"]),
  ip: z.string().nullable(),
  agentVersion: z.string().nullable(),
  lastSeenMs: z.number().nullable(),
  policyVersion: z.string().nullable(),
  pausedReason: z.string().nullable(),
});
export type EnvoySummary = z.infer<typeof envoySummarySchema>;

export const envoyDetailSchema = envoySummarySchema.extend({
  enrolledAtMs: z.number(),
  observedHostname: z.string().nullable(),
  intervalMs: z.number().nullable(),
  fingerprint: z.string().nullable(),
  certificateExpiresAtMs: z.number().nullable(),
  tags: z.record(z.string(), z.string()),
  traits: z.record(z.string(), z.json()),
  warnings: z.array(z.string()),
});
export type EnvoyDetail = z.infer<typeof envoyDetailSchema>;

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
    limit: z.coerce.number().int().min(1).max(1000).default(200),
    cursor: z.string().max(512).optional(),
  }),
  body: z.undefined(),
  answer: z.object({ envoys: z.array(envoySummarySchema), nextCursor: z.string().nullable() }),
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

/** Asks connected envoys to check in at once. */
export const envoyPush = endpoint({
  method: "POST",
  path: "/envoys/push",
  summary: "Make envoys check in now",
  permission: "push.execute",
  query: z.object({}),
  body: z.strictObject({ target: z.string().min(1).max(4096), force: z.boolean().default(false) }),
  answer: z.object({ pushed: z.array(z.string()), offline: z.array(z.string()) }),
});
