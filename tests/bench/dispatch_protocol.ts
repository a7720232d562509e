import { z } from "zod";

/** What the server process answers, one JSON object per line. */
export const serverLineSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready"), address: z.string() }),
  /** Resident memory after a collection, in bytes. */
  z.object({ kind: z.literal("usage"), rssBytes: z.number(), streams: z.number() }),
  z.object({
    kind: z.literal("planned"),
    ms: z.number(),
    /** How late a timer of the server's thread was at worst, in ms. */
    blockedMs: z.number(),
  }),
  z.object({
    kind: z.literal("dispatched"),
    /** When the task was asked for, in ms since 1970. */
    askedAtMs: z.number(),
    /** From there to the plan that is answered, and to the end of the task in the database, in ms. */
    acceptedMs: z.number(),
    overMs: z.number(),
    /** Targets that are complete. */
    complete: z.number(),
    /** User and system time of the whole process, in ms. */
    cpuMs: z.number(),
    /** How late a timer of the server's thread was at worst, in ms. */
    blockedMs: z.number(),
    rssPeakBytes: z.number(),
  }),
]);
export type ServerLine = z.infer<typeof serverLineSchema>;

export const serverCommandSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("usage") }),
  /** Plan a task for every agent by a trait that all of them have. */
  z.object({ kind: z.literal("plan") }),
  /** Run `true` on every agent. */
  z.object({ kind: z.literal("dispatch") }),
  z.object({ kind: z.literal("stop") }),
]);
export type ServerCommand = z.infer<typeof serverCommandSchema>;

/** What a process of agents answers, one JSON object per line. */
export const agentsLineSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("connected") }),
  z.object({
    kind: z.literal("collected"),
    /** When each agent had its dispatch, and when it heard that its result is kept, in ms since 1970. */
    reachedAtMs: z.array(z.number()),
    storedAtMs: z.array(z.number()),
  }),
]);
export type AgentsLine = z.infer<typeof agentsLineSchema>;

export const agentsCommandSchema = z.discriminatedUnion("kind", [
  /** Open a stream for every agent. */
  z.object({ kind: z.literal("connect") }),
  /** Answer once every agent's result is kept. */
  z.object({ kind: z.literal("collect") }),
  z.object({ kind: z.literal("stop") }),
]);
export type AgentsCommand = z.infer<typeof agentsCommandSchema>;

/** The time of this machine as every process of it has it, in ms since 1970, with a fraction. */
export function preciseTimeMs(): number {
  return performance.timeOrigin + performance.now();
}
