import { z } from "zod";
import { isSha256 } from "../../shared/crypto/sha256.ts";
import { MAX_RANGE_MESSAGES } from "../../shared/poolq/limits.ts";

const hex32 = z.string().refine(isSha256, { error: "expected 64 lowercase hex digits" });
const seq = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Largest answer of a peer to a range, in characters of its messages' JSON. */
export const MAX_PEER_RANGE_LENGTH = 4 * 1024 * 1024;
/** Largest answer of a peer in all: its messages, the last of which may go beyond that, and what is around them. */
export const MAX_PEER_ANSWER_LENGTH = MAX_PEER_RANGE_LENGTH + 4 * 1024 * 1024;

export const equivocationSchema = z.looseObject({
  seq,
  author: z.string().max(128),
  ids: z.tuple([z.string().max(64), z.string().max(64)]),
});

/** What is said of a topic, by a peer, the server, or to a local caller. */
export const queueHeadSchema = z.looseObject({
  topicId: hex32,
  name: z.string().max(64),
  founder: hex32,
  firstSeq: seq,
  headSeq: seq,
  headId: hex32,
  count: seq,
  writer: z.string().max(253),
  blocked: z.boolean().default(false),
  equivocation: equivocationSchema.nullable().default(null),
});
export type QueueHead = z.infer<typeof queueHeadSchema>;

/** Messages of a topic in order; nothing of it is verified. */
export const queueRangeSchema = queueHeadSchema.extend({
  messages: z.array(z.looseObject({})).max(MAX_RANGE_MESSAGES),
  delegations: z.array(z.looseObject({})).max(64),
});
export type QueueRange = z.infer<typeof queueRangeSchema>;

/** What is asked of a topic: its head, or messages from a seq on. */
export interface QueueQuestion {
  readonly topicId: string;
  /** `null` asks for the head alone. */
  readonly from: number | null;
  readonly limit: number;
}

/** What is answered to a peer: an HTTP status, and JSON. */
export interface QueueReply {
  readonly status: number;
  readonly text: string;
}

/** What peers said, each with its name. */
export interface PeerReply {
  readonly hostname: string;
  readonly text: string;
}
