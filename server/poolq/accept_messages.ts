import { isSha256 } from "../../shared/crypto/sha256.ts";
import type { Appointment } from "../../shared/poolq/appointment.ts";
import { BLOCKED } from "../../shared/poolq/chain.ts";
import { bodySizeBytes, messageLine } from "../../shared/poolq/message.ts";
import type { MessageVerifier, VerifiedMessage } from "../../shared/poolq/verify_message.ts";
import type { PuddleChain } from "../../shared/puddle/puddle_chain.ts";
import type { Steps } from "../steps/steps.ts";
import type { StoredEquivocation, StoredMessage, StoredTopic } from "../store/queue_store.ts";

/** Messages of one topic as an envoy sent them, and who it is. */
export interface OfferedMessages {
  readonly topicId: string;
  readonly user: string;
  /** Hostname of the envoy. */
  readonly from: string;
  /** The latest word of the puddle on who writes the topic, verified; `null` if there is none. */
  readonly appointment: Appointment | null;
  /** The lowest message that it can still send. */
  readonly firstSeq: number;
  readonly messages: readonly Uint8Array[];
}

/** What messages are judged by. */
export interface AcceptanceRules {
  readonly verify: MessageVerifier;
  readonly authors: PuddleChain;
  readonly maxMsgBytes: number;
  /** A topic takes no more while it holds so much. */
  readonly maxTopicBytes: number;
  readonly retentionMs: number;
  readonly nowMs: number;
  readonly isKeyBlocked: (key: string) => boolean;
  /** Whether the puddle of this key may not be on the envoy that sent it. */
  readonly isEvicted: (key: string) => boolean;
  /** What is kept at a place that is not new. */
  readonly kept: ReadonlyMap<number, string>;
}

/** What came of it: the topic as it is now, what is to be kept of it, and why the rest was not taken. */
export interface Acceptance {
  /** Absent if there is still no such topic. */
  readonly topic?: StoredTopic;
  readonly messages: readonly StoredMessage[];
  readonly refusal: string;
}

/**
 * Judges the messages of one topic in order, up to the first that may not be kept: its bytes, id, signature and author, its
 * place in the chain, its size and its time. One step for each, since a signature costs time.
 *
 * A topic that is not known, or of which nothing is kept any more, may begin anywhere: older messages have aged out. One
 * that was posted so long ago that it would have aged out is counted and not kept.
 */
export function* acceptMessages(
  offer: OfferedMessages,
  known: StoredTopic | undefined,
  rules: AcceptanceRules,
): Steps<Acceptance> {
  let topic = known;
  const messages: StoredMessage[] = [];
  const end = (refusal: string): Acceptance => ({
    ...(topic ? { topic } : {}),
    messages,
    refusal,
  });
  const forked = (both: ReturnType<typeof fork>): Acceptance => ({
    topic: both,
    messages,
    refusal: describe(both.equivocation),
  });
  for (const bytes of offer.messages) {
    yield;
    const verdict = rules.verify(bytes, { topicId: offer.topicId });
    if (!verdict.ok) return end(`a message was refused: ${verdict.reason}`);
    const { verified } = verdict;
    const { message, id } = verified;
    const { seq, prev } = message;
    const problem = judge(offer, verified, rules);
    if (problem !== undefined) return end(`seq ${seq} was refused: ${problem}`);
    if (topic?.equivocation) return end(describe(topic.equivocation));
    if (topic && seq <= topic.headSeq) {
      const keptId = seq === topic.headSeq ? topic.headId : rules.kept.get(seq);
      if (keptId === undefined || keptId === id) continue;
      return forked(fork(topic, offer, verified, [keptId, id], rules.nowMs));
    }
    const isEmpty = topic === undefined || topic.firstSeq > topic.headSeq;
    if (topic && seq > topic.headSeq + 1 && !(isEmpty && seq === offer.firstSeq)) {
      return end(`seq ${topic.headSeq + 1} is missing`);
    }
    if (topic && seq === topic.headSeq + 1) {
      if (prev !== topic.headId) {
        return forked(fork(topic, offer, verified, [topic.headId, prev], rules.nowMs));
      }
      if (message.posted_at_ms <= topic.headPostedAtMs) {
        return end(`seq ${seq} was refused: it is not later than the one before it`);
      }
    }
    const text = messageLine(message).trimEnd();
    const sizeBytes = new TextEncoder().encode(text).length;
    const isStale = message.posted_at_ms < rules.nowMs - rules.retentionMs && isEmpty;
    if (topic && !isStale && topic.sizeBytes + sizeBytes > rules.maxTopicBytes) {
      return end(
        `the topic is full (${topic.sizeBytes} bytes): it takes more when its older messages have aged out`,
      );
    }
    topic = {
      topicId: verified.topicId,
      name: message.topic_name,
      founder: message.founder_pubkey,
      writer: offer.appointment?.writer ?? "",
      appointment: offer.appointment,
      user: offer.user,
      firstSeq: isStale ? seq + 1 : isEmpty ? seq : topic?.firstSeq ?? seq,
      headSeq: seq,
      headId: id,
      headPostedAtMs: message.posted_at_ms,
      receivedAtMs: rules.nowMs,
      sizeBytes: isStale ? 0 : (topic?.sizeBytes ?? 0) + sizeBytes,
      delegations: topic?.delegations ?? [],
      equivocation: null,
    };
    if (isStale) continue;
    messages.push({
      seq,
      msgId: id,
      postedAtMs: message.posted_at_ms,
      receivedAtMs: rules.nowMs,
      text,
    });
  }
  return end("");
}

/** What is wrong with a message by itself; `undefined` if nothing is. */
function judge(
  { topicId }: OfferedMessages,
  { message, id }: VerifiedMessage,
  { authors, maxMsgBytes, isKeyBlocked, isEvicted }: AcceptanceRules,
): string | undefined {
  const { author_pubkey: author, founder_pubkey: founder, seq, body } = message;
  const bodyBytes = bodySizeBytes(body);
  if (bodyBytes > maxMsgBytes) {
    return `its body has ${bodyBytes} bytes, over swarm.poolq.max_msg_bytes (${maxMsgBytes})`;
  }
  if (isKeyBlocked(author) || isKeyBlocked(founder)) return BLOCKED;
  if (isEvicted(author)) return "its puddle was evicted from this envoy";
  const allowed = authors.judge({ topicId, founder, author, seq });
  if (!allowed.ok) return allowed.reason;
  return allowed.msgId === undefined || allowed.msgId === id
    ? undefined
    : "it is not the message that its author named when handing over";
}

/** The topic with both messages of one place: what was kept stays, the other is kept beside it. */
function fork(
  topic: StoredTopic,
  { from }: OfferedMessages,
  { message }: VerifiedMessage,
  ids: readonly [string, string],
  atMs: number,
): StoredTopic & { readonly equivocation: StoredEquivocation } {
  const seq = isSha256(ids[1]) && message.prev === ids[1] ? message.seq - 1 : message.seq;
  return {
    ...topic,
    equivocation: {
      seq,
      author: message.author_pubkey,
      ids,
      other: messageLine(message).trimEnd(),
      from,
      atMs,
    },
  };
}

function describe({ author, seq }: StoredEquivocation): string {
  return `equivocation by ${author} at seq ${seq}; nothing after it is taken`;
}
