import { z } from "zod";
import { appointmentSchema } from "../poolq/appointment.ts";
import { messageSchema } from "../poolq/message.ts";
import { MAX_RANGE_MESSAGES } from "../poolq/limits.ts";
import { delegationSchema } from "../puddle/delegation.ts";
import { endpoint } from "./endpoint.ts";
import { pageOf, pageQuery } from "./page.ts";

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative();

/** Two messages that one key signed for one place. */
export const queueEquivocationSchema = z.object({
  seq: count,
  author: z.string(),
  /** The one that is kept in the topic, and the other. */
  ids: z.tuple([z.string(), z.string()]),
});

/** A topic, as far as it can be read. */
export const queueHeadSchema = z.object({
  topicId: hex32,
  name: z.string(),
  /** ed25519 public key of the puddle that founded it. */
  founder: hex32,
  /** Hostname of the envoy that it is written from; empty if nobody has said. */
  writer: z.string(),
  /** The puddle's word for that; verify it. */
  appointment: appointmentSchema.nullable(),
  /** The lowest message that is kept; `headSeq` + 1 if none is. */
  firstSeq: count,
  headSeq: count,
  headId: hex32,
  count,
  /** An administrator stopped it, or its founder. */
  blocked: z.boolean(),
  equivocation: queueEquivocationSchema.nullable(),
});
export type QueueHead = z.infer<typeof queueHeadSchema>;

/** A topic, with what the server alone knows of it. */
export const queueTopicSchema = queueHeadSchema.extend({
  /** The Unix user on the envoy that writes it. */
  user: z.string(),
  /** When its last message came, by the server's clock. */
  receivedAtMs: z.number(),
  sizeBytes: count,
});
export type QueueTopic = z.infer<typeof queueTopicSchema>;

/** An id, or its first digits. */
const queueParams = "/swarm/poolq/topic/:id";

export const poolqStatus = endpoint({
  method: "GET",
  path: "/swarm/poolq",
  summary: "Show the totals of the fleet's queues, their limits, and what is blocked",
  permission: "fleet.view",
  query: z.object({}),
  body: z.undefined(),
  answer: z.object({
    topics: count,
    messages: count,
    sizeBytes: count,
    /** Messages whose time has not come. */
    held: count,
    equivocations: count,
    maxMsgBytes: count,
    retentionSecs: count,
    /** Envoys that carry queues now, by the gates. */
    envoys: count,
    blocks: z.array(z.object({
      kind: z.enum(["topic", "key"]),
      value: hex32,
      reason: z.string(),
      by: z.string(),
      atMs: z.number(),
    })),
  }),
});

export const poolqTopics = endpoint({
  method: "GET",
  path: "/swarm/poolq/topics",
  summary: "List the topics of the fleet's queues",
  permission: "fleet.view",
  query: pageQuery(),
  body: z.undefined(),
  answer: pageOf({ topics: z.array(queueTopicSchema) }),
});

export const poolqHead = endpoint({
  method: "GET",
  path: `${queueParams}/head`,
  summary:
    "Show a topic's first and last message; by its id or a unique beginning of at least 8 digits",
  permission: "fleet.view",
  query: z.object({}),
  body: z.undefined(),
  answer: queueTopicSchema,
});

export const poolqRange = endpoint({
  method: "GET",
  path: `${queueParams}/range`,
  summary: "Read messages of a topic in order",
  permission: "fleet.view",
  query: z.object({
    from: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
    limit: z.coerce.number().int().min(1).max(MAX_RANGE_MESSAGES).default(MAX_RANGE_MESSAGES),
  }),
  body: z.undefined(),
  /** Verify the messages: this server is a view of them, no authority. */
  answer: queueTopicSchema.extend({
    messages: z.array(messageSchema),
    delegations: z.array(delegationSchema),
  }),
});

/** What a block names. */
const blocked = z.object({
  kind: z.enum(["topic", "key"]),
  value: hex32,
});

export const poolqBlock = endpoint({
  method: "POST",
  path: "/swarm/poolq/block",
  summary: "Have all envoys stop serving and showing a topic, or everything of a puddle's key",
  permission: "fleet.write",
  query: z.object({}),
  body: blocked.extend({ reason: z.string().max(500).default("") }),
  answer: blocked.extend({ changed: z.boolean() }),
});

export const poolqUnblock = endpoint({
  method: "POST",
  path: "/swarm/poolq/unblock",
  summary: "Let a topic or key be served and shown again",
  permission: "fleet.write",
  query: z.object({}),
  body: blocked,
  answer: blocked.extend({ changed: z.boolean() }),
});
