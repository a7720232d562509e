/**
 * The four steps of a post, in order, under the topic's lock. Each is durable before the next, and each may be repeated:
 *
 * 1. {@linkcode writePending}: what is posted is written down, complete and signed. A crash before that leaves nothing; one
 *    after it leaves what the next post finishes.
 * 2. {@linkcode placeMessages}: the messages have their files. Nobody counts them yet.
 * 3. {@linkcode countMessages}: the allocator counts them. They are posted.
 * 4. {@linkcode removePending}: nothing is left to finish.
 *
 * @module
 */
import { type Allocator, type AllocatorWriter, writeAllocator } from "./allocator.ts";
import {
  linkPending,
  messagesChangedNs,
  type NamedMessage,
  writeMessageFiles,
} from "./message_files.ts";
import { removePending, writePending } from "./pending.ts";
import type { TopicPaths } from "./poolq_paths.ts";

/** Step 2. `messages` is everything that is pending. */
export async function placeMessages(
  paths: TopicPaths,
  messages: readonly NamedMessage[],
): Promise<void> {
  const [only, second] = messages;
  if (only && !second) await linkPending(paths, only);
  else await writeMessageFiles(paths, messages);
}

/** Step 3. */
export function countMessages(
  paths: TopicPaths,
  writer: AllocatorWriter,
  messages: readonly NamedMessage[],
): void {
  const last = messages.at(-1);
  if (!last) return;
  writeAllocator(paths, allocatorAt(paths, writer, last));
}

/** An allocator that counts everything up to `last`. */
export function allocatorAt(
  paths: TopicPaths,
  { writer, appointment }: AllocatorWriter,
  { id, message }: NamedMessage,
): Allocator {
  return {
    writer,
    ...(appointment ? { appointment } : {}),
    last_seq: message.seq,
    last_msg_id: id,
    last_posted_at_ms: message.posted_at_ms,
    messages_changed_ns: messagesChangedNs(paths),
  };
}

export const POST_STEPS = { writePending, placeMessages, countMessages, removePending };

/** The steps as one value, for whoever has to see what happens between them, and may hold one up. */
export type PostSteps = {
  readonly [Step in keyof typeof POST_STEPS]: (
    ...given: Parameters<typeof POST_STEPS[Step]>
  ) => void | Promise<void>;
};
