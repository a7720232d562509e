import { isSha256, type Sha256 } from "../../shared/crypto/sha256.ts";
import { topicId } from "../../shared/poolq/topic.ts";
import { rememberHeads } from "./heads_file.ts";
import type { GrantedUsers } from "../user_scan/granted_users.ts";
import type { HeldTopic, QueueStore } from "./queue_store.ts";
import { TopicIntake } from "./topic_intake.ts";

/** Where messages go, and who may post. */
export interface PostedOptions {
  readonly users: Pick<GrantedUsers, "names">;
  readonly store: QueueStore;
  /** `poolq-heads/`. */
  readonly headsFolder: string;
  nowMs(): number;
  /** Whether the gate of this envoy is open. */
  isOpen(): boolean;
  /** Something new is held. */
  onNews(): void;
}

/**
 * Takes messages that somebody says a user has just posted, if they go on from what was found in that user's home: nobody
 * else can have signed them, so it does not matter who says so.
 *
 * @returns whether all of them are held; otherwise the home has to be looked into.
 */
export async function takePosted(
  { users, store, isOpen, headsFolder, nowMs, onNews }: PostedOptions,
  user: string,
  messages: readonly object[],
): Promise<boolean> {
  if (!isOpen() || !(await users.names()).includes(user)) return false;
  const [first] = messages;
  const last = messages.at(-1);
  const id = topicOf(first);
  // From here to the end of the intake nothing waits, so that nobody else writes the topic meanwhile.
  const held = id && store.topic(id);
  if (held?.user !== user || !held.appointment) return false;
  // A look that was under way has found it.
  if (seqOf(last) <= held.headSeq) return true;
  // What does not say that it comes next is not worth a proof.
  if (!saysItFollows(first, held)) return false;
  const { topicId, appointment } = held;
  const intake = new TopicIntake({ store, topicId, delegations: [], nowMs });
  for (const message of messages) intake.take(message);
  const now = intake.end();
  if (!now || now.headSeq === held.headSeq) return false;
  const { name, headSeq: seq, headId } = now;
  const seen = { name, writer: appointment.writer, seq, id: headId, appointment };
  await rememberHeads(headsFolder, user, new Map([[topicId, seen]]));
  onNews();
  return intake.problem === undefined;
}

function topicOf(message: object | undefined): Sha256 | undefined {
  const { founder_pubkey: founder, topic_name: name } = Object(message);
  return isSha256(String(founder)) && typeof name === "string" ? topicId(founder, name) : undefined;
}

function seqOf(message: object | undefined): number {
  const { seq } = Object(message);
  return typeof seq === "number" ? seq : Infinity;
}

function saysItFollows(message: object | undefined, { headSeq, headId }: HeldTopic): boolean {
  const { seq, prev } = Object(message);
  return seq === headSeq + 1 && prev === headId;
}
