import { z } from "zod";
import { isSha256 } from "../../shared/crypto/sha256.ts";

const hex32 = z.string().refine(isSha256);

/** One line of the answer to a look at a user's queues. */
export const queueLineSchema = z.discriminatedUnion("kind", [
  /** What a topic's allocator says; its messages follow, oldest first. */
  z.strictObject({
    kind: z.literal("topic"),
    topicId: hex32,
    writer: z.string().max(253),
    /** The puddle's word that it writes, not verified; `null` if there is none. */
    appointment: z.looseObject({}).nullable(),
    lastSeq: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
    lastId: hex32,
  }),
  /** Not verified in any way. */
  z.strictObject({ kind: z.literal("message"), topicId: hex32, message: z.looseObject({}) }),
  /** A delegation of the user's puddle, not verified either. */
  z.strictObject({ kind: z.literal("delegation"), delegation: z.looseObject({}) }),
  z.strictObject({
    kind: z.literal("problem"),
    topicId: hex32.optional(),
    reason: z.string().max(1_000),
  }),
]);

export type QueueLine = z.infer<typeof queueLineSchema>;
