import { z } from "zod";
import { isSha256 } from "../../shared/crypto/sha256.ts";
import { appointmentSchema } from "../../shared/poolq/appointment.ts";
import { writeFileDurableSync } from "../../shared/platform/durable_write.ts";
import { readUserFile } from "../user_scan/user_file.ts";
import { damageOf } from "./damage.ts";
import type { TopicPaths } from "./poolq_paths.ts";

/** An allocator has a few short values. */
const MAX_ALLOCATOR_BYTES = 4_096;

const allocatorSchema = z.looseObject({
  schema_version: z.literal(1).optional(),
  /** Hostname of the one envoy that may post; another one after a move. */
  writer: z.string().min(1).max(253),
  /**
   * The puddle's word that `writer` writes, which is what others believe. Absent where the allocator had to be made again
   * without it, or is from before there were any: the next post signs one.
   */
  appointment: appointmentSchema.optional(),
  last_seq: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  last_msg_id: z.string().refine(isSha256),
  /** Time of the last message, in ms since 1970; 0 if it is not known. */
  last_posted_at_ms: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  /**
   * When `messages/` had changed last, in ns since 1970. Another time means that somebody changed what is in there, or that
   * this file is an older one than it was, and that the messages have to be looked at.
   */
  messages_changed_ns: z.string().default(""),
}).refine(({ writer, appointment }) => !appointment || appointment.writer === writer);

/** What a topic's folder says of itself: everything up to `last_seq` was posted. */
export type Allocator = z.infer<typeof allocatorSchema>;

/** Which envoy writes a topic, and the puddle's word for it. */
export type AllocatorWriter = Pick<Allocator, "writer" | "appointment">;

export type FoundAllocator =
  | { readonly kind: "absent" }
  | { readonly kind: "damaged"; readonly reason: string }
  | { readonly kind: "found"; readonly allocator: Allocator };

export function readAllocator(paths: TopicPaths): FoundAllocator {
  let bytes: Uint8Array | undefined;
  try {
    bytes = readUserFile(paths.allocator, MAX_ALLOCATOR_BYTES);
  } catch (error) {
    return { kind: "damaged", reason: damageOf(error) };
  }
  if (bytes === undefined) return { kind: "absent" };
  try {
    const allocator = allocatorSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return { kind: "found", allocator };
  } catch {
    return { kind: "damaged", reason: "it is not an allocator" };
  }
}

/** Replaces the allocator in one durable step: after this, what it counts is posted. */
export function writeAllocator(paths: TopicPaths, allocator: Allocator): void {
  const text = `${JSON.stringify({ schema_version: 1, ...allocator })}\n`;
  writeFileDurableSync(paths.allocator, text, { mode: 0o600 });
}

/**
 * What the lock of a topic is left with: an allocator that is another one than its last holder wrote, such as one that was
 * restored from a backup, does not fit it.
 */
export function noteOf(
  { last_seq, last_msg_id }: Pick<Allocator, "last_seq" | "last_msg_id">,
): string {
  return `${last_seq} ${last_msg_id}`;
}
