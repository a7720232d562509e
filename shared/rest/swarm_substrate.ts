import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { pageOf } from "./page.ts";

export const PEER_SORTS = ["footprint", "blobs", "hostname"] as const;
export type PeerSort = typeof PEER_SORTS[number];

/** The swarm as a whole, whatever travels through it. */
export const swarmStatusSchema = z.object({
  generatedAtMs: z.number(),
  envoysOnline: z.number().int(),
  envoysTotal: z.number().int(),
  /** Envoys that hold or fetch something, or originate it. */
  substrateActive: z.number().int(),
  seedingEnvoys: z.number().int(),
  /** Sizes of all cached blobs; what is seeded or still in flight does not count. */
  footprintBytes: z.number(),
  manifestActive: z.number().int(),
  manifestRevoked: z.number().int(),
  /** Active entries by subsystem. */
  payloads: z.record(z.string(), z.number().int()),
  /** Who may originate seeds: the server's own envoy always, and whom the patterns of `swarm.seeders` allow. */
  allowlist: z.object({ implicit: z.string(), patterns: z.array(z.string()) }),
});
export type SwarmStatus = z.infer<typeof swarmStatusSchema>;

export const swarmStatus = endpoint({
  method: "GET",
  path: "/swarm",
  summary: "Show the swarm's totals",
  permission: "fleet.view",
  query: z.object({}),
  body: z.undefined(),
  answer: swarmStatusSchema,
});

/** One envoy's part in the swarm. */
export const swarmPeerSchema = z.object({
  uuid: z.string(),
  hostname: z.string(),
  presence: z.enum(["online", "offline"]),
  substrate: z.enum(["active", "idle"]),
  /** Active filecasts that it originates. */
  seeding: z.number().int(),
  /** Whole blobs that the swarm brought. */
  cached: z.number().int(),
  downloading: z.number().int(),
  footprintBytes: z.number(),
  lastSeenMs: z.number().nullable(),
});
export type SwarmPeer = z.infer<typeof swarmPeerSchema>;

export const swarmPeers = endpoint({
  method: "GET",
  path: "/swarm/peers",
  summary: "List envoys with their part in the swarm",
  permission: "fleet.view",
  query: z.object({
    sort: z.enum(PEER_SORTS).default("footprint"),
    /** 0 for all. */
    limit: z.coerce.number().int().min(0).max(100_000).default(50),
    cursor: z.string().min(1).max(512).optional(),
  }),
  body: z.undefined(),
  answer: pageOf({
    generatedAtMs: z.number(),
    sort: z.enum(PEER_SORTS),
    total: z.number().int(),
    peers: z.array(swarmPeerSchema),
  }),
});
