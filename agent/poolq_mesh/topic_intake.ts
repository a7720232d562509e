import {
  type Appointment,
  isLaterAppointment,
  proveAppointment,
} from "../../shared/poolq/appointment.ts";
import { ChainReader, type ChainVerdict, describeVerdict } from "../../shared/poolq/chain.ts";
import { createMessageVerifier, type VerifiedMessage } from "../../shared/poolq/verify_message.ts";
import { isSha256, type Sha256 } from "../../shared/crypto/sha256.ts";
import type { Delegation } from "../../shared/puddle/delegation.ts";
import { parseDelegations } from "../../shared/puddle/parse_delegations.ts";
import { PuddleChain } from "../../shared/puddle/puddle_chain.ts";
import type { HeldTopic, QueueStore } from "./queue_store.ts";

/** Messages written in one transaction. */
const MESSAGES_PER_WRITE = 250;
/** What is said of a topic in a home that lacks the puddle's word, be it a copy or from before there was one. */
const UNSIGNED =
  "its puddle has not signed who writes it, so it counts as a copy; its owner posts to it once more";
/** Most delegations kept with a topic: all that are followed, and those that contest them. */
const MAX_KEPT_DELEGATIONS = 32;

/** Whose topic it is, and what its authors rest on. */
export interface IntakeOptions {
  readonly store: QueueStore;
  readonly topicId: Sha256;
  /** The local user in whose home it was found. */
  readonly user?: string;
  /** Who writes it, as that home says. */
  readonly appointment?: unknown;
  readonly delegations: readonly Delegation[];
  nowMs(): number;
}

/**
 * Takes messages of one topic in order and keeps those that are proven: nothing gets into the store in any other way.
 *
 * The first message of a topic that is not held yet may have any seq: what is older has aged out.
 */
export class TopicIntake {
  readonly #options: IntakeOptions;
  readonly #known: HeldTopic | undefined;
  #topic: HeldTopic | undefined;
  #reader: ChainReader | undefined;
  #pending: VerifiedMessage[] = [];
  #problem: string | undefined;
  /** Whether the home has the puddle's word on who writes the topic. */
  #isAppointed = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#known = options.store.topic(options.topicId);
    this.#topic = this.#known;
  }

  /** Why something was not taken; `undefined` if everything was. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Takes the next message; after a problem nothing more is looked at. */
  take(message: object): void {
    if (this.#problem !== undefined) return;
    if (this.#known?.equivocation) {
      this.#problem = `equivocation by ${this.#known.equivocation.author}`;
      return;
    }
    this.#reader ??= this.#begin(message);
    for (const verdict of this.#reader.take(message)) this.#note(verdict, message);
  }

  /** Keeps what is left, and who writes the topic; answers the topic as it is held now. */
  end(): HeldTopic | undefined {
    if (this.#problem === undefined && this.#reader) {
      const last = this.#reader.nextSeq - 1;
      for (const verdict of this.#reader.end(last)) this.#note(verdict, {});
    }
    this.#write();
    if (this.#options.user !== undefined && this.#topic && !this.#isAppointed) {
      this.#problem ??= UNSIGNED;
    }
    return this.#topic;
  }

  #begin(message: object): ChainReader {
    const { topicId } = this.#options;
    const known = this.#known;
    const { seq, founder_pubkey: founder } = Object(message);
    const first = typeof seq === "number" && Number.isSafeInteger(seq) && seq > 0 ? seq : 1;
    const from = known ? known.headSeq + 1 : first;
    return new ChainReader({
      topicId,
      authors: new PuddleChain(this.#delegations(known?.founder ?? String(founder))),
      ...(known ? { previous: { seq: known.headSeq, id: known.headId } } : {}),
      from,
      firstSeq: from,
      verify: createMessageVerifier(),
    });
  }

  /** Those of the founder's key and of the keys that follow it. */
  #delegations(founder: string): Delegation[] {
    const texts = (this.#known?.delegations ?? []).map((text): unknown => JSON.parse(text));
    const all = [...parseDelegations(texts), ...this.#options.delegations];
    const keys = new Set(new PuddleChain(all).keysFrom(founder));
    const seen = new Set<string>();
    return all.filter((one) => {
      const text = JSON.stringify(one);
      if (!keys.has(one.oldKey) || seen.has(text)) return false;
      seen.add(text);
      return seen.size <= MAX_KEPT_DELEGATIONS;
    });
  }

  #note(verdict: ChainVerdict, message: object): void {
    switch (verdict.kind) {
      case "message":
        this.#pending.push(verdict.verified);
        if (this.#pending.length >= MESSAGES_PER_WRITE) this.#write();
        return;
      case "aged_out":
        return;
      case "equivocation": {
        this.#problem = describeVerdict(verdict);
        this.#write();
        if (!this.#topic) return;
        const { seq, author, ids } = verdict;
        this.#topic = { ...this.#topic, equivocation: { seq, author, ids } };
        const { store, topicId } = this.#options;
        const other = createMessageVerifier()(message, { topicId });
        if (other.ok) store.saveFork(topicId, other.verified);
        return;
      }
      default:
        this.#problem ??= describeVerdict(verdict);
    }
  }

  /**
   * The word of the puddle that makes this home the topic's own on this machine: everybody can copy messages into a home of
   * theirs. One that another user's home has already has to come with something new.
   */
  #appointment(founder: string, delegations: readonly Delegation[]): Appointment | undefined {
    const { topicId, user, appointment } = this.#options;
    const topic = { topicId, founder, authors: new PuddleChain(delegations) };
    const said = user === undefined ? undefined : proveAppointment(appointment, topic);
    if (!said) return undefined;
    this.#isAppointed = true;
    const held = this.#topic?.appointment ?? undefined;
    const before = held && proveAppointment(held, topic);
    if (before && isLaterAppointment(before, said)) return undefined;
    const owner = this.#topic?.user ?? user;
    const isNews = this.#pending.length > 0 || isLaterAppointment(said, before);
    return owner === user || isNews ? said.appointment : undefined;
  }

  #write(): void {
    const { store, topicId, user, nowMs } = this.#options;
    const [first] = this.#pending;
    const last = this.#pending.at(-1);
    const before = this.#topic;
    const named = first?.message;
    if (!before && (!named || !last || !first)) return;
    const founder = before?.founder ?? named?.founder_pubkey ?? "";
    const delegations = this.#delegations(founder);
    const appointment = this.#appointment(founder, delegations);
    const topic: HeldTopic = {
      topicId,
      name: before?.name ?? named?.topic_name ?? "",
      founder,
      user: (appointment ? user : before?.user) ?? null,
      appointment: appointment ?? before?.appointment ?? null,
      firstSeq: before?.firstSeq ?? named?.seq ?? 1,
      headSeq: last?.message.seq ?? before?.headSeq ?? 0,
      headId: last?.id ?? before?.headId ?? asHash(""),
      delegations: delegations.map((one) => JSON.stringify(one)),
      equivocation: before?.equivocation ?? null,
    };
    if (JSON.stringify(topic) === JSON.stringify(this.#known) && !last) return;
    store.save(topic, this.#pending, nowMs());
    this.#pending = [];
    this.#topic = topic;
  }
}

/** @throws {TypeError} if it is none, which a topic without a message would be. */
function asHash(text: string): Sha256 {
  if (!isSha256(text)) throw new TypeError("A topic has a head");
  return text;
}
