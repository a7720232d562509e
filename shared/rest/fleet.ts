import { z } from "zod";
import { endpoint } from "./endpoint.ts";

/** Minutes that are kept and answered at most: a day. */
export const MAX_MINUTES = 1440;

/** What the fleet did in one minute, for charts. */
export const minuteSchema = z.object({
  /** Its beginning, in ms since 1970. */
  minuteMs: z.number().int(),
  checkIns: z.number().int(),
  /** Runs that were reported: those that changed something or did not converge. */
  runs: z.number().int(),
  /** Envoys at the end of the minute. */
  online: z.number().int(),
  converged: z.number().int(),
  degraded: z.number().int(),
  failed: z.number().int(),
  noData: z.number().int(),
  /** Bytes of casts that envoys fetched, by where they came from: the blob's origin, another envoy, the server. */
  originBytes: z.number().int(),
  peerBytes: z.number().int(),
  serverBytes: z.number().int(),
});

export type Minute = z.infer<typeof minuteSchema>;

export const fleetMinutes = endpoint({
  method: "GET",
  path: "/fleet/minutes",
  summary: "Show what the fleet did, minute by minute, for the last day",
  permission: "fleet.read",
  query: z.object({
    /** ms since 1970; a day ago by default, and never longer ago. */
    since: z.coerce.number().int().nonnegative().optional(),
  }),
  body: z.undefined(),
  answer: z.object({ minutes: z.array(minuteSchema).max(MAX_MINUTES) }),
});

/** Why somebody should look at envoys, the most urgent first. */
export const ATTENTIONS = [
  "cloned",
  "failed",
  "unresolved",
  "diverged",
  "degraded",
  "certificate",
  "offline",
  "paused",
] as const;
export type Attention = typeof ATTENTIONS[number];

/** Hostnames that are named for one reason. */
export const MAX_NAMED_ENVOYS = 8;

export const fleetStatusSchema = z.object({
  /** Envoys by what is true of them now. */
  total: z.number().int(),
  online: z.number().int(),
  converged: z.number().int(),
  degraded: z.number().int(),
  failed: z.number().int(),
  noData: z.number().int(),
  /** Envoys whose last run changed something, and of those the ones whose last three runs or more did. */
  drifted: z.number().int(),
  diverged: z.number().int(),
  /** Over the last whole minute; `null` if the server does not run for so long. */
  checkInsPerSecond: z.number().nullable(),
  /** Runs that changed something or did not converge, in the last day. */
  runsOfDay: z.number().int(),
  attention: z.array(z.object({
    reason: z.enum(ATTENTIONS),
    envoys: z.number().int(),
    /** The first of them by hostname. */
    hostnames: z.array(z.string()).max(MAX_NAMED_ENVOYS),
  })),
});
export type FleetStatus = z.infer<typeof fleetStatusSchema>;

export const fleetStatus = endpoint({
  method: "GET",
  path: "/fleet",
  summary: "Show the fleet at a glance, and what needs a person",
  permission: "fleet.read",
  query: z.object({}),
  body: z.undefined(),
  answer: fleetStatusSchema,
});
