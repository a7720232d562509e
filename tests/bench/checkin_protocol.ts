import { z } from "zod";

/** The recorded traits of a real machine; `volatile` holds what changed from one cycle to the next. */
export const traitFixtureSchema = z.object({
  stable: z.record(z.string(), z.json()),
  volatile: z.array(z.record(z.string(), z.json())).min(2),
});

/** What the server process answers, one JSON object per line. */
export const serverLineSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready"), address: z.string() }),
  z.object({
    kind: z.literal("usage"),
    /** User and system time of the whole process, in ms. */
    cpuMs: z.number(),
    /** After a collection, in bytes. */
    rssBytes: z.number(),
    streams: z.number(),
  }),
]);
export type ServerLine = z.infer<typeof serverLineSchema>;

/** What the agents' process answers, one JSON object per line. */
export const agentsLineSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("connected"), streams: z.number(), seconds: z.number() }),
  z.object({ kind: z.literal("settled"), envoys: z.number() }),
  z.object({
    kind: z.literal("measured"),
    checkIns: z.number(),
    seconds: z.number(),
    /** Requests and answers as protobuf messages; TLS and HTTP/2 add some 150 bytes to each. */
    messageBytes: z.number(),
    p50Ms: z.number(),
    p99Ms: z.number(),
  }),
]);
export type AgentsLine = z.infer<typeof agentsLineSchema>;

/** What either process is told, one JSON object per line. */
export const commandSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("usage") }),
  /** Open streams until there are so many. */
  z.object({ kind: z.literal("connect"), streams: z.number() }),
  /** Check in with every connected envoy until nothing is wanted. */
  z.object({ kind: z.literal("settle") }),
  /** Check in for so long, with so many at a time; with a rate, so many per second at most. */
  z.object({
    kind: z.literal("measure"),
    seconds: z.number(),
    concurrency: z.number(),
    perSecond: z.number().optional(),
  }),
  z.object({ kind: z.literal("stop") }),
]);
export type Command = z.infer<typeof commandSchema>;
