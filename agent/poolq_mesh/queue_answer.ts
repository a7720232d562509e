import { z } from "zod";
import { appointmentSchema } from "../../shared/poolq/appointment.ts";
import { isSha256 } from "../../shared/crypto/sha256.ts";
import { MAX_RANGE_MESSAGES } from "../../shared/poolq/limits.ts";

const hex32 = z.string().refine(isSha256, { error: "expected 64 lowercase hex digits" });
const seq = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/**
 * Largest answer of a peer to a range, in characters of its messages' JSON: at three bytes each, with one message beyond it,
 * what the swarm carries between daemons.
 */
export const MAX_PEER_RANGE_LENGTH = 2 * 1024 * 1024;

export const equivocationSchema = z.looseObject({
  seq,
  author: z.string().max(128),
  ids: z.tuple([z.string().max(64), z.string().max(64)]),
});

/** What is said of a topic, by a peer, the server, or to a local caller. */
const headSchema = z.looseObject({
  topicId: hex32,
  name: z.string().max(64),
  founder: hex32,
  firstSeq: seq,
  headSeq: seq,
  headId: hex32,
  count: seq,
  writer: z.string().max(253),
  appointment: appointmentSchema.nullable().default(null),
  blocked: z.boolean().default(false),
  equivocation: equivocationSchema.nullable().default(null),
});
export type QueueHead = z.infer<typeof headSchema>;

/** Messages of a topic in order; nothing of it is verified. */
const rangeSchema = headSchema.extend({
  messages: z.array(z.looseObject({})).max(MAX_RANGE_MESSAGES),
  delegations: z.array(z.looseObject({})).max(64),
});
export type QueueRange = z.infer<typeof rangeSchema>;

/** Where an answer comes from. */
export type QueueSource = "local" | "server" | `peer ${string}`;

/** What is asked of a topic: its head, or messages from a seq on. */
export interface QueueQuestion {
  readonly topicId: string;
  /** `null` asks for the head alone. */
  readonly from: number | null;
  readonly limit: number;
}

/** What is answered to a peer: an HTTP status, and JSON; no text with any other status than 200. */
export interface QueueReply {
  readonly status: number;
  readonly text: string;
}

/** What a peer said. */
export interface SaidByPeer {
  readonly hostname: string;
  readonly text: string;
}

/** A peer's word on a topic's head; `undefined` if it is none. */
export function parseHead(text: string): QueueHead | undefined {
  return parse(headSchema, text);
}

/** A peer's word on a topic's messages; `undefined` if it is none. */
export function parseRange(text: string): QueueRange | undefined {
  return parse(rangeSchema, text);
}

function parse<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
