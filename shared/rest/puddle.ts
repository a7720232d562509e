import { z } from "zod";
import { puddleKeySchema } from "../puddle/puddle_key.ts";
import { endpoint } from "./endpoint.ts";
import { pageOf, pageQuery } from "./page.ts";

/** One machine that has a puddle. */
export const puddleMemberSchema = z.object({
  hostname: z.string(),
  envoyUuid: z.string(),
  /** The Unix user there. */
  user: z.string(),
  /** Whether a session there holds the private key. */
  unlocked: z.boolean(),
  pairPending: z.boolean(),
  /** Whether an administrator took it from there; the machine removes it when it hears of it. */
  evicted: z.boolean(),
});
export type PuddleMember = z.infer<typeof puddleMemberSchema>;

/** A machine that says, without anything signed that is known here, that its key came after another one. */
export const saidSuccessorSchema = z.object({ publicKey: puddleKeySchema, hostname: z.string() });
export type SaidSuccessor = z.infer<typeof saidSuccessorSchema>;

/** One key of a person's identity, as the machines that have it report. */
export const meshPuddleSchema = z.object({
  publicKey: puddleKeySchema,
  name: z.string().nullable(),
  /** A name that several puddles claim means none of them. */
  nameState: z.enum(["none", "claimed", "contested"]),
  members: z.array(puddleMemberSchema),
  /** Keys that this puddle had before, as its machines say. */
  retiredKeys: z.array(puddleKeySchema),
  /** The key that speaks for it now, if this one was replaced. */
  successor: puddleKeySchema.nullable(),
  saidSuccessors: z.array(saidSuccessorSchema),
  /** Whether this key signed two different successors, of which neither is followed. */
  contested: z.boolean(),
});
export type MeshPuddle = z.infer<typeof meshPuddleSchema>;

/** A key, its first digits (8 at least), or a name. */
const puddleParams = "/swarm/puddle/:puddle";

export const puddleList = endpoint({
  method: "GET",
  path: "/swarm/puddle",
  summary: "List the puddles of the fleet's users, as their machines report them",
  permission: "fleet.view",
  query: pageQuery(),
  body: z.undefined(),
  answer: pageOf({ puddles: z.array(meshPuddleSchema) }),
});

export const puddleShow = endpoint({
  method: "GET",
  path: puddleParams,
  summary: "Show a puddle; by its key, a unique beginning of at least 8 digits, or its name",
  permission: "fleet.view",
  query: z.object({}),
  body: z.undefined(),
  answer: meshPuddleSchema,
});

export const puddleEvict = endpoint({
  method: "POST",
  path: `${puddleParams}/evict`,
  summary: "Have one envoy remove a puddle's wrapped key, or let it have one again",
  permission: "fleet.write",
  query: z.object({}),
  body: z.object({
    host: z.string().min(1).max(253),
    /** Takes an eviction back; the key does not come back by that. */
    undo: z.boolean().default(false),
  }),
  answer: z.object({
    publicKey: puddleKeySchema,
    hostname: z.string(),
    changed: z.boolean(),
    evicted: z.boolean(),
  }),
});
