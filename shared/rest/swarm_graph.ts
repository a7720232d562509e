import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { pageOf, pageQuery } from "./page.ts";
import { filecastHostSchema, filecastSchema } from "./swarm.ts";
import { swarmPeerSchema } from "./swarm_substrate.ts";

/** Flows that are answered at most: the largest. More would be a blanket in a picture. */
export const MAX_FLOWS = 1_000;

/** An envoy as a picture of the swarm shows it. */
export const swarmNodeSchema = swarmPeerSchema.omit({ lastSeenMs: true }).extend({
  /** Its tag `viz.color` as a person wrote it, which need not be a colour; `null` without one. */
  color: z.string().nullable(),
});
export type SwarmNode = z.infer<typeof swarmNodeSchema>;

/** What one envoy gave another within the last minute. */
export const swarmFlowSchema = z.object({
  /** UUID of the one that gave, or `server`. */
  from: z.string(),
  /** UUID of the one that fetched. */
  to: z.string(),
  chunks: z.number().int(),
  sizeBytes: z.number(),
});
export type SwarmFlow = z.infer<typeof swarmFlowSchema>;

/** What flowed in all, also in flows that are not answered. */
export const flowTotalSchema = z.object({ flows: z.number().int(), sizeBytes: z.number() });
export type FlowTotal = z.infer<typeof flowTotalSchema>;

export const swarmGraph = endpoint({
  method: "GET",
  path: "/swarm/graph",
  summary: "Show envoys and what flowed between them within the last minute",
  permission: "fleet.read",
  query: z.object({}),
  body: z.undefined(),
  answer: z.object({
    nodes: z.array(swarmNodeSchema),
    flows: z.array(swarmFlowSchema).max(MAX_FLOWS),
    total: flowTotalSchema,
  }),
});

/** What is different since the event before; the first names everything. */
export const swarmGraphNewsSchema = z.object({
  /** Nodes that are new or have changed. */
  nodes: z.array(swarmNodeSchema),
  /** UUIDs of nodes that are gone. */
  gone: z.array(z.string()),
  /** All flows; absent if they are the same. */
  flows: z.array(swarmFlowSchema).max(MAX_FLOWS).optional(),
  total: flowTotalSchema,
});
export type SwarmGraphNews = z.infer<typeof swarmGraphNewsSchema>;

export const swarmGraphEvents = endpoint({
  method: "GET",
  path: "/swarm/graph/events",
  summary: "Follow that picture as server-sent events",
  permission: "fleet.read",
  query: z.object({}),
  body: z.undefined(),
  answer: swarmGraphNewsSchema,
  answerType: "text/event-stream",
});

/** One envoy's row of a chunk map. */
export const chunkRowSchema = filecastHostSchema.extend({
  /** When it was complete there; `null` before, for an origin, and where it is not known. */
  completedAtMs: z.number().nullable(),
  /**
   * Base64 of one byte for each chunk: 0 where it is not held, else 1 + the place of its source in `mapSources`; 255 for any
   * other source. `null` where nobody knows which chunks are held, only how many.
   */
  map: z.string().nullable(),
  /** Hostnames, `cached` or `server`. */
  mapSources: z.array(z.string()),
});
export type ChunkRow = z.infer<typeof chunkRowSchema>;

/** How far a filecast was at one moment. */
export const castSampleSchema = z.object({
  atMs: z.number(),
  /** Chunks that envoys hold, its origin's not counted. */
  chunks: z.number().int(),
  /** Envoys that hold it whole, its origin not counted. */
  complete: z.number().int(),
});
export type CastSample = z.infer<typeof castSampleSchema>;

/** When one more envoy, or several, had a filecast whole. */
export const castCompletionSchema = castSampleSchema.omit({ chunks: true });
export type CastCompletion = z.infer<typeof castCompletionSchema>;

/** Completions that are answered at most; of more, those that stand evenly apart. */
export const MAX_COMPLETIONS = 240;

/** `:sha` is a SHA-256 or a unique prefix of at least 8 digits. */
export const filecastChunks = endpoint({
  method: "GET",
  path: "/swarm/filecasts/:sha/chunks",
  summary: "Show which envoy holds which chunks of a filecast, and how it came so far",
  permission: "fleet.read",
  query: pageQuery().extend({
    /** `no` leaves the maps out, which are most of the answer. */
    maps: z.enum(["yes", "no"]).default("yes"),
  }),
  body: z.undefined(),
  answer: pageOf({
    filecast: filecastSchema,
    rows: z.array(chunkRowSchema),
    /** As the envoys remember it, which holds over restarts of the server. */
    completions: z.array(castCompletionSchema).max(MAX_COMPLETIONS),
    /** Since the server started, coarser the longer it takes. */
    samples: z.array(castSampleSchema),
  }),
});

/** What has changed of one envoy's row. */
export const chunkChangeSchema = chunkRowSchema.extend({
  /**
   * Instead of `map`, which is `null` then: base64 of three bytes for each chunk that changed, its number with the high
   * byte first, and its byte of the map.
   */
  changes: z.string().optional(),
});
export type ChunkChange = z.infer<typeof chunkChangeSchema>;

/** What is different since the event before; the first ones name everything. */
export const filecastNewsSchema = z.object({
  filecast: filecastSchema,
  rows: z.array(chunkChangeSchema),
  /** Hostnames of rows that are gone. */
  gone: z.array(z.string()),
  /** The newest sample, if any is known; at the beginning all. */
  samples: z.array(castSampleSchema),
});
export type FilecastNews = z.infer<typeof filecastNewsSchema>;

export const filecastEvents = endpoint({
  method: "GET",
  path: "/swarm/filecasts/:sha/events",
  summary: "Follow that map as server-sent events",
  permission: "fleet.read",
  query: z.object({}),
  body: z.undefined(),
  answer: filecastNewsSchema,
  answerType: "text/event-stream",
});
