import type { VerifiedMessage } from "../../shared/poolq/verify_message.ts";
import { MAX_MESSAGE_JSON_BYTES } from "../../shared/poolq/limits.ts";
import { readUserFile } from "../user_scan/user_file.ts";
import { damageOf } from "./damage.ts";
import { listMessageIds } from "./message_files.ts";
import { assertOwn, forkError, type OwnTopic } from "./own_log.ts";
import { quarantine } from "./quarantine.ts";

/**
 * The newest message in `messages/` past a known place, found by looking at every file, since a file's name says nothing of
 * its place. Files that cannot be believed are put aside, and said so.
 *
 * @param known what was posted last as far as the allocator says; absent if it says nothing.
 * @returns nothing if there is no message past it.
 * @throws {UserError} if two messages have one place, or one is not by this puddle.
 */
export async function findNewestMessage(
  topic: OwnTopic,
  known: { readonly seq: number; readonly id: string } | undefined,
): Promise<VerifiedMessage | undefined> {
  const bySeq = new Map<number, { readonly id: string; readonly prev: string }>();
  let newest: VerifiedMessage | undefined;
  for (const id of await listMessageIds(topic.paths)) {
    const found = await judgeFile(topic, id, known?.seq ?? 0);
    if (!found) continue;
    const { seq, prev } = found.message;
    const twin = bySeq.get(seq);
    if (twin) throw forkError(topic, seq, [twin.id, id]);
    bySeq.set(seq, { id, prev });
    if (!newest || seq > newest.message.seq) newest = found;
  }
  if (known) bySeq.set(known.seq, { id: known.id, prev: "" });
  for (const [seq, { prev }] of bySeq) {
    const before = bySeq.get(seq - 1);
    if (before && prev !== "" && before.id !== prev) {
      throw forkError(topic, seq - 1, [before.id, prev]);
    }
  }
  return newest;
}

/** The message in a file, if it is past `afterSeq`; nothing for an older one, and for what is put aside. */
async function judgeFile(
  topic: OwnTopic,
  id: string,
  afterSeq: number,
): Promise<VerifiedMessage | undefined> {
  const path = topic.paths.message(id);
  let reason: string;
  try {
    const bytes = readUserFile(path, MAX_MESSAGE_JSON_BYTES);
    if (bytes === undefined || isOlder(bytes, afterSeq)) return undefined;
    const verdict = topic.verify(bytes, { id, topicId: topic.id });
    if (verdict.ok) {
      assertOwn(topic, verdict.verified.message);
      return verdict.verified;
    }
    reason = verdict.reason;
  } catch (error) {
    reason = damageOf(error);
  }
  const kept = await quarantine(path, topic.paths.quarantine);
  topic.notice(
    `message ${id.slice(0, 12)} of "${topic.name}" is damaged (${reason}); kept as ${kept}`,
  );
  return undefined;
}

/** Saves the verification of what was posted long ago; what cannot be read is for the verification to say. */
function isOlder(bytes: Uint8Array, afterSeq: number): boolean {
  try {
    const { seq } = Object(JSON.parse(new TextDecoder().decode(bytes)));
    return typeof seq === "number" && seq <= afterSeq;
  } catch {
    return false;
  }
}
