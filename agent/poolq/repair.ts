import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  type Allocator,
  type AllocatorWriter,
  noteOf,
  readAllocator,
  writeAllocator,
} from "./allocator.ts";
import { messagesChangedNs, type NamedMessage } from "./message_files.ts";
import { assertOwn, type OwnTopic } from "./own_log.ts";
import { makeOwnFolder } from "./own_folder.ts";
import { readPending, removePending } from "./pending.ts";
import { allocatorAt, countMessages, placeMessages } from "./post_steps.ts";
import { quarantine } from "./quarantine.ts";
import { findNewestMessage } from "./scan_messages.ts";

/**
 * Brings a topic's folder into order before anything is posted: finishes what was interrupted, puts aside what cannot be
 * believed, and finds the last seq that was ever given out here, so that none is given out twice. Under the topic's lock.
 *
 * A folder that was left in order is recognised by the time of `messages/` and the note in its lock; only otherwise are
 * the messages looked at.
 *
 * @param writerIfLost who writes the topic if the allocator cannot say so any more.
 * @returns what was posted last; `undefined` if this home has nothing of the topic.
 * @throws {UserError} if the folder holds two histories, or messages of somebody else.
 */
export async function repairTopic(
  topic: OwnTopic,
  writerIfLost: AllocatorWriter,
): Promise<Allocator | undefined> {
  makeOwnFolder(topic.paths.folder);
  makeOwnFolder(topic.paths.messages);
  removeUnfinished(topic);
  const allocator = await believedAllocator(topic);
  const pending = await believedPending(topic);
  if (allocator && pending.length === 0 && isUntouched(topic, allocator)) return allocator;
  const known = allocator && { seq: allocator.last_seq, id: allocator.last_msg_id };
  const newest = await findNewestMessage(topic, known);
  const writer = allocator ?? writerIfLost;
  let head = newest ? allocatorAt(topic.paths, writer, newest) : allocator;
  const last = pending.at(-1);
  if (last && isFinishable(pending, head)) {
    // What is counted already has, or had, its place: bringing it back could undo that it aged out.
    if (last.message.seq > (allocator?.last_seq ?? 0)) await placeMessages(topic.paths, pending);
    if (last.message.seq > (head?.last_seq ?? 0)) {
      countMessages(topic.paths, writer, pending);
      head = allocatorAt(topic.paths, writer, last);
    }
    removePending(topic.paths);
  } else if (pending.length > 0) {
    const kept = await quarantine(topic.paths.pending, topic.paths.quarantine);
    topic.notice(`what was pending for "${topic.name}" contradicts its messages; kept as ${kept}`);
  }
  if (!head) return undefined;
  const changed = messagesChangedNs(topic.paths);
  if (head !== allocator || changed !== head.messages_changed_ns) {
    head = { ...head, messages_changed_ns: changed };
    writeAllocator(topic.paths, head);
  }
  topic.lock.writeNote(noteOf(head));
  return head;
}

/** Whether nobody but posts that ended well has changed the allocator or the folder of messages. */
function isUntouched(topic: OwnTopic, allocator: Allocator): boolean {
  return allocator.messages_changed_ns === messagesChangedNs(topic.paths) &&
    topic.lock.readNote() === noteOf(allocator);
}

/** Whether what is pending follows the head, or is part of what it counts. A seq past the head stands: it was given out. */
function isFinishable(pending: readonly NamedMessage[], head: Allocator | undefined): boolean {
  const [first] = pending;
  if (!first) return false;
  if (!head) return true;
  if (first.message.seq > head.last_seq) {
    return first.message.seq > head.last_seq + 1 || first.message.prev === head.last_msg_id;
  }
  const same = pending.find(({ message }) => message.seq === head.last_seq);
  // All of it is older than the head: it is in its place, or was taken away later.
  return same === undefined || same.id === head.last_msg_id;
}

async function believedAllocator(topic: OwnTopic): Promise<Allocator | undefined> {
  const found = readAllocator(topic.paths);
  if (found.kind === "found") return found.allocator;
  if (found.kind === "damaged") {
    const kept = await quarantine(topic.paths.allocator, topic.paths.quarantine);
    topic.notice(`the allocator of "${topic.name}" is damaged (${found.reason}); kept as ${kept}`);
  }
  return undefined;
}

async function believedPending(topic: OwnTopic): Promise<readonly NamedMessage[]> {
  const found = readPending(topic.paths, topic.id, topic.verify);
  if (found.kind === "found") {
    for (const { message } of found.messages) assertOwn(topic, message);
    return found.messages;
  }
  if (found.kind === "damaged") {
    const kept = await quarantine(topic.paths.pending, topic.paths.quarantine);
    topic.notice(
      `what was pending for "${topic.name}" is damaged (${found.reason}); kept as ${kept}`,
    );
  }
  return [];
}

/** Temporary files of posts that were killed; nobody else writes here while the lock is held. */
function removeUnfinished({ paths }: OwnTopic): void {
  for (const name of readdirSync(paths.folder)) {
    if (name.startsWith(".tmp-")) rmSync(join(paths.folder, name), { force: true });
  }
}
