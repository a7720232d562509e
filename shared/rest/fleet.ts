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
