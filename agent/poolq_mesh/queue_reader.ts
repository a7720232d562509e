import { BLOCKED } from "../../shared/poolq/chain.ts";
import type { FleetDocument } from "../../shared/config/fleet_document.ts";
import { type Appointment, latestAppointment } from "../../shared/poolq/appointment.ts";
import { isSha256, type Sha256 } from "../../shared/crypto/sha256.ts";
import { MAX_RANGE_BYTES, MAX_RANGE_MESSAGES } from "../../shared/poolq/limits.ts";
import { createMessageVerifier } from "../../shared/poolq/verify_message.ts";
import { PuddleChain } from "../../shared/puddle/puddle_chain.ts";
import { parseDelegations } from "../../shared/puddle/parse_delegations.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import {
  MAX_PEER_RANGE_LENGTH,
  type QueueHead,
  queueHeadSchema,
  type QueueQuestion,
  type QueueRange,
  queueRangeSchema,
  type QueueReply,
  type SaidByPeer,
} from "./queue_answer.ts";
import type { HeldTopic, QueueStore } from "./queue_store.ts";
import type { ServerQueues } from "./server_queues.ts";
import { TopicIntake } from "./topic_intake.ts";

/** Characters of topics that were only read here, past which those read longest ago are forgotten. */
const MAX_CACHED_LENGTH = 256 * 1024 * 1024;

const UNKNOWN = "No envoy that can be reached, nor the server, knows that topic";

/** Where an answer comes from. */
export type QueueSource = "local" | "server" | `peer ${string}`;

export type HeadAnswer =
  | {
    readonly ok: true;
    readonly head: QueueHead & {
      readonly source: QueueSource;
      /** Who writes the topic by everybody who was asked; none is verified, and who posts sees which one counts. */
      readonly appointments: readonly Appointment[];
    };
  }
  | Refusal;
export type RangeAnswer =
  | { readonly ok: true; readonly range: QueueRange & { readonly source: QueueSource } }
  | Refusal;

/** An HTTP status and one line. */
interface Refusal {
  readonly ok: false;
  readonly status: 403 | 404 | 503;
  readonly message: string;
}

export interface QueueReaderOptions {
  readonly store: QueueStore;
  readonly server: Pick<ServerQueues, "topics" | "head" | "range">;
  readonly hostname: () => string;
  readonly log: AgentLog;
  nowMs(): number;
  fleet(): FleetDocument | undefined;
  /** Whether the server tells of new messages by itself now. */
  isLive(): boolean;
  /** Asks peers, the preferred one first; no more of them than answers are taken. */
  askPeers(question: QueueQuestion, prefer: string): AsyncIterable<SaidByPeer>;
}

/**
 * Answers what a topic holds: from what is held here, else from the server while it is connected, else from peers. Whatever
 * comes from elsewhere is verified before it is kept or handed on, and what does not verify is as good as no answer.
 */
export class QueueReader {
  readonly #options: QueueReaderOptions;

  constructor(options: QueueReaderOptions) {
    this.#options = options;
  }

  /** All topics that are known here, or to the server. */
  async topics(): Promise<{ readonly source: QueueSource; readonly topics: QueueHead[] }> {
    const { store, server, isLive } = this.#options;
    const told = isLive() ? await server.topics() : undefined;
    const topics = new Map<string, QueueHead>();
    for (const head of told ?? store.allClaimed().map((claim) => this.#claimedHead(claim))) {
      topics.set(head.topicId, head);
    }
    for (const held of store.topics()) {
      const head = this.#heldHead(held);
      if (head.headSeq >= (topics.get(head.topicId)?.headSeq ?? 0)) topics.set(head.topicId, head);
    }
    const shown = [...topics.values()].sort((a, b) => a.topicId < b.topicId ? -1 : 1);
    return {
      source: told ? "server" : "local",
      topics: shown.map((head) => ({ ...head, blocked: this.isBlocked(head) })),
    };
  }

  /** The highest head of a topic that anybody who can be asked knows. */
  async head(topicId: string): Promise<HeadAnswer> {
    if (this.#isTopicBlocked(topicId)) return refuse(403, BLOCKED);
    const { store, server, isLive, askPeers } = this.#options;
    const found: (QueueHead & { readonly source: QueueSource })[] = [];
    const held = store.topic(topicId);
    if (held) found.push({ ...this.#heldHead(held), source: "local" });
    const claim = store.claimed(topicId);
    if (claim) found.push({ ...this.#claimedHead(claim), source: "server" });
    if (isLive() && !claim) {
      const told = await server.head(topicId);
      if (told) found.push({ ...told, source: "server" });
    }
    if (!isLive()) {
      const question = { topicId, from: null, limit: 1 };
      for await (const reply of askPeers(question, claim?.writer ?? "")) {
        const head = read(queueHeadSchema, reply.text);
        if (head?.topicId === topicId) found.push({ ...head, source: `peer ${reply.hostname}` });
      }
    }
    const [best] = found.toSorted((one, other) => other.headSeq - one.headSeq);
    if (!best) return refuse(404, UNKNOWN);
    if (this.isBlocked(best)) return refuse(403, BLOCKED);
    const said = new Map(
      found.flatMap(({ appointment }) =>
        appointment ? [[appointment.signature, appointment] as const] : []
      ),
    );
    const appointments = [...said.values()];
    return { ok: true, head: { ...best, ...this.#writer(held, best), appointments } };
  }

  /** Messages from `from` on, as far as somebody has them; up to the first by a key that is blocked. */
  async range(topicId: string, from: number, limit: number): Promise<RangeAnswer> {
    const answer = await this.#find(topicId, from, limit);
    const { blockedKeys = [] } = this.#options.fleet()?.poolq ?? {};
    if (!answer.ok || blockedKeys.length === 0) return answer;
    const { messages } = answer.range;
    const at = messages.findIndex(({ author_pubkey }) =>
      blockedKeys.includes(String(author_pubkey))
    );
    if (at === 0) return refuse(403, BLOCKED);
    return at < 0
      ? answer
      : { ok: true, range: { ...answer.range, messages: messages.slice(0, at) } };
  }

  async #find(topicId: string, from: number, limit: number): Promise<RangeAnswer> {
    if (this.#isTopicBlocked(topicId)) return refuse(403, BLOCKED);
    const { store } = this.#options;
    const held = store.topic(topicId);
    if (held && this.isBlocked(held)) return refuse(403, BLOCKED);
    // Peers may have kept what was lost here together with what the fleet had told.
    const isPast = held !== undefined && from > held.headSeq && !this.#options.isLive();
    if (held && !isPast && this.#isWrittenHere(held)) return this.#local(held, from, limit);
    if (held && from >= held.firstSeq && from <= held.headSeq) {
      return await this.#localAndLater(held, from, limit);
    }
    const question = { topicId, from, limit: Math.min(limit, MAX_RANGE_MESSAGES) };
    const fetched = await this.#fetch(question);
    if (fetched) {
      if (this.isBlocked(fetched)) return refuse(403, BLOCKED);
      return { ok: true, range: fetched };
    }
    if (held) return this.#local(held, from, limit);
    return this.#nobodyHas(topicId);
  }

  /** Whether a topic is unknown, or known and out of reach, or neither can be said. */
  #nobodyHas(topicId: string): Refusal {
    const { store, isLive } = this.#options;
    if (store.claimed(topicId)) {
      return refuse(
        503,
        "The fleet has that topic, but neither the server nor a peer hands it out. Try again later",
      );
    }
    if (isLive()) return refuse(404, UNKNOWN);
    return refuse(
      503,
      "No envoy that answers knows that topic, and the server does not answer. Try again when it does",
    );
  }

  /** What a peer is told: of what is held here and of nothing else, so that no question goes in circles. */
  answerPeer({ topicId, from, limit }: QueueQuestion): QueueReply {
    const held = this.#options.store.topic(topicId);
    if (!held) return { status: 404, text: "" };
    if (this.isBlocked(held)) {
      return { status: 403, text: "" };
    }
    const head = this.#heldHead(held);
    if (from === null) return { status: 200, text: JSON.stringify(head) };
    const texts = this.#options.store.range(topicId, {
      from,
      limit: Math.min(limit, MAX_RANGE_MESSAGES),
      maxLength: MAX_PEER_RANGE_LENGTH,
    });
    const rest = JSON.stringify({
      ...head,
      delegations: held.delegations.map((text): unknown => JSON.parse(text)),
    });
    // The messages are JSON already, and many.
    return { status: 200, text: `${rest.slice(0, -1)},"messages":[${texts.join(",")}]}` };
  }

  isBlocked({ topicId, founder }: { readonly topicId: string; readonly founder: string }): boolean {
    const { blockedTopics = [], blockedKeys = [] } = this.#options.fleet()?.poolq ?? {};
    return blockedTopics.includes(topicId) || blockedKeys.includes(founder);
  }

  #isTopicBlocked(topicId: string): boolean {
    return this.isBlocked({
      topicId,
      founder: this.#options.store.claimed(topicId)?.founder ?? "",
    });
  }

  /** Whether nobody can have more of it than this envoy. */
  #isWrittenHere(held: HeldTopic): boolean {
    const { store, hostname } = this.#options;
    const isBehind = (store.claimed(held.topicId)?.headSeq ?? 0) > held.headSeq;
    return !isBehind && held.appointment?.writer === hostname() && this.#isHomesWord(held);
  }

  /** Whether nothing later than what a local home has is known of who writes a topic. */
  #isHomesWord({ topicId, founder, appointment, delegations }: HeldTopic): boolean {
    const claimed = this.#options.store.claimed(topicId)?.appointment;
    if (!appointment || !claimed || claimed.signature === appointment.signature) {
      return appointment !== null;
    }
    const authors = new PuddleChain(parseDelegations(delegations.map((text) => JSON.parse(text))));
    const latest = latestAppointment([appointment, claimed], { topicId, founder, authors });
    return latest?.signature === appointment.signature;
  }

  /** What is held, and before that what has come since, as far as it is wanted. */
  async #localAndLater(held: HeldTopic, from: number, limit: number): Promise<RangeAnswer> {
    const { store } = this.#options;
    const { topicId, headSeq } = held;
    const wanted = from + limit - 1 - headSeq;
    const later = wanted > 0 && held.equivocation === null && this.#mayHaveMore(held)
      ? await this.#fetch({
        topicId,
        from: headSeq + 1,
        limit: Math.min(wanted, MAX_RANGE_MESSAGES),
      })
      : undefined;
    const now = store.topic(topicId) ?? held;
    const answer = this.#local(now, from, limit);
    if (!answer.ok || !later || later.messages.length === 0 || later.headSeq <= now.headSeq) {
      return answer;
    }
    const { headSeq: laterSeq, headId } = later;
    return { ok: true, range: { ...answer.range, headSeq: laterSeq, headId } };
  }

  /** While the server tells of news by itself, what it told last is all there is. */
  #mayHaveMore({ topicId, headSeq }: HeldTopic): boolean {
    const { store, isLive } = this.#options;
    return !isLive() || (store.claimed(topicId)?.headSeq ?? Infinity) > headSeq;
  }

  #local(held: HeldTopic, from: number, limit: number): RangeAnswer {
    const { store } = this.#options;
    const texts = store.range(held.topicId, {
      from,
      limit: Math.min(limit, MAX_RANGE_MESSAGES),
      maxLength: MAX_RANGE_BYTES / 2,
    });
    return {
      ok: true,
      range: {
        ...this.#heldHead(held),
        source: "local",
        messages: texts.map((text) => JSON.parse(text)),
        delegations: held.delegations.map((text) => JSON.parse(text)),
      },
    };
  }

  /** Asks the server if it is connected, else peers, and the others if one has nothing that is proven. */
  async #fetch(
    question: QueueQuestion,
  ): Promise<(QueueRange & { readonly source: QueueSource }) | undefined> {
    const { server, isLive, store, askPeers } = this.#options;
    const { topicId } = question;
    if (isLive()) {
      const told = await server.range(question);
      const verified = told && this.#verify(question, told);
      if (verified) return { ...verified, source: "server" };
    }
    const writer = store.claimed(topicId)?.writer ?? "";
    let best: (QueueRange & { readonly source: QueueSource }) | undefined;
    for await (const { hostname, text } of askPeers(question, writer)) {
      const range = read(queueRangeSchema, text);
      const verified = range?.topicId === topicId ? this.#verify(question, range) : undefined;
      if (verified && verified.headSeq > (best?.headSeq ?? -1)) {
        best = { ...verified, source: `peer ${hostname}` };
      }
      // Who follows will hear of the rest; who reads wants an answer.
      if (best && best.messages.length > 0) return best;
    }
    return best;
  }

  /**
   * A range whose every message is proven, up to the first that is not; `undefined` if that is the first. One that goes on
   * from what is held, or begins where its topic does, is kept.
   */
  #verify(question: QueueQuestion, range: QueueRange): QueueRange | undefined {
    const { store, nowMs, log } = this.#options;
    const { topicId, messages } = range;
    const delegations = parseDelegations(range.delegations);
    const held = store.topic(topicId);
    const from = question.from ?? 1;
    const isNext = held ? from === held.headSeq + 1 : from <= range.firstSeq;
    if (!isNext || held?.equivocation) return this.#passOn(range);
    const intake = new TopicIntake({ store, topicId, delegations, nowMs });
    for (const message of messages) intake.take(message);
    const kept = intake.end();
    if (intake.problem === undefined) {
      this.#forgetOldest(topicId);
      return range;
    }
    log.warn("messages of a topic were refused", { topic: topicId, reason: intake.problem });
    const upTo = kept?.headSeq ?? 0;
    const proven = messages.filter(({ seq }) => typeof seq === "number" && seq <= upTo);
    return proven.length === 0 ? undefined : { ...range, messages: proven };
  }

  /** What does not join up with anything held is proven message by message; its chain is for the reader to see. */
  #passOn(range: QueueRange): QueueRange | undefined {
    const verify = createMessageVerifier();
    const wrong = range.messages.findIndex((message) =>
      !verify(message, { topicId: range.topicId }).ok
    );
    if (wrong === 0) return undefined;
    return wrong < 0 ? range : { ...range, messages: range.messages.slice(0, wrong) };
  }

  #forgetOldest(keep: string): void {
    const { store } = this.#options;
    const cached = store.cachedLengths();
    let total = cached.reduce((sum, { length }) => sum + length, 0);
    for (const { topicId, length } of cached) {
      if (total <= MAX_CACHED_LENGTH) return;
      if (topicId === keep) continue;
      store.forget(topicId);
      total -= length;
    }
  }

  #heldHead(held: HeldTopic): QueueHead {
    const { topicId, name, founder, firstSeq, headSeq, headId, equivocation } = held;
    const claim = this.#options.store.claimed(topicId);
    const appointment = this.#isHomesWord(held) ? held.appointment : claim?.appointment ?? null;
    return {
      topicId,
      name,
      founder: asHash(founder),
      firstSeq,
      headSeq,
      headId,
      count: headSeq - firstSeq + 1,
      writer: appointment?.writer ?? claim?.writer ?? "",
      appointment,
      blocked: false,
      equivocation: equivocation && { ...equivocation, ids: [...equivocation.ids] },
    };
  }

  #claimedHead(
    { topicId, name, founder, firstSeq, headSeq, headId, count, writer, appointment }: NonNullable<
      ReturnType<QueueStore["claimed"]>
    >,
  ): QueueHead {
    return {
      topicId,
      name,
      founder: asHash(founder),
      firstSeq,
      headSeq,
      headId: asHash(headId),
      count,
      writer,
      appointment,
      blocked: false,
      equivocation: null,
    };
  }

  /** The home that a topic is written in knows best who writes it. */
  #writer(
    held: HeldTopic | undefined,
    best: QueueHead,
  ): Pick<QueueHead, "writer" | "appointment"> {
    const isHomes = held?.appointment && held.headSeq >= best.headSeq && this.#isHomesWord(held);
    const { writer, appointment } = best;
    return isHomes
      ? { writer: held.appointment.writer, appointment: held.appointment }
      : { writer, appointment };
  }
}

function read<T>(
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false } },
  text: string,
): T | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Claims are kept with ids and keys as hex. @throws {TypeError} otherwise. */
function asHash(text: string): Sha256 {
  if (!isSha256(text)) throw new TypeError("A claim names a key and an id");
  return text;
}

function refuse(status: Refusal["status"], message: string): Refusal {
  return { ok: false, status, message };
}
