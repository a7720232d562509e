import type { FleetDocument } from "../../shared/config/fleet_document.ts";
import { isSha256, type Sha256 } from "../../shared/crypto/sha256.ts";
import { latestAppointment } from "../../shared/poolq/appointment.ts";
import { parseDelegations } from "../../shared/puddle/parse_delegations.ts";
import { PuddleChain } from "../../shared/puddle/puddle_chain.ts";
import type { QueueHead } from "./queue_answer.ts";
import type { ClaimedHead, HeldTopic, QueueStore } from "./queue_store.ts";

export interface TopicHeadsOptions {
  readonly store: Pick<QueueStore, "claimed">;
  readonly hostname: () => string;
  fleet(): FleetDocument | undefined;
}

/** What this envoy says of a topic, from what it holds and what the server told: how far it goes, who writes it, what is blocked. */
export class TopicHeads {
  readonly #options: TopicHeadsOptions;

  constructor(options: TopicHeadsOptions) {
    this.#options = options;
  }

  /** The head of what is held. */
  held(held: HeldTopic): QueueHead {
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

  /** The head that the server told of. */
  claimed(
    { topicId, name, founder, firstSeq, headSeq, headId, count, writer, appointment }: ClaimedHead,
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

  /** Who writes a topic whose highest head is `best`: the home that it is written in knows best. */
  writer(
    held: HeldTopic | undefined,
    best: QueueHead,
  ): Pick<QueueHead, "writer" | "appointment"> {
    const isHomes = held?.appointment && held.headSeq >= best.headSeq && this.#isHomesWord(held);
    const { writer, appointment } = best;
    return isHomes
      ? { writer: held.appointment.writer, appointment: held.appointment }
      : { writer, appointment };
  }

  /** Whether nobody can have more of it than this envoy. */
  isWrittenHere(held: HeldTopic): boolean {
    const { store, hostname } = this.#options;
    const isBehind = (store.claimed(held.topicId)?.headSeq ?? 0) > held.headSeq;
    return !isBehind && held.appointment?.writer === hostname() && this.#isHomesWord(held);
  }

  isBlocked({ topicId, founder }: { readonly topicId: string; readonly founder: string }): boolean {
    const { blockedTopics = [] } = this.#options.fleet()?.poolq ?? {};
    return blockedTopics.includes(topicId) || this.isKeyBlocked(founder);
  }

  /** The same of a topic of which no more than the id is known here, or what the server told. */
  isIdBlocked(topicId: string): boolean {
    const founder = this.#options.store.claimed(topicId)?.founder ?? "";
    return this.isBlocked({ topicId, founder });
  }

  isKeyBlocked(publicKey: string): boolean {
    return this.#options.fleet()?.poolq?.blockedKeys.includes(publicKey) ?? false;
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
}

/** Claims are kept with ids and keys as hex. @throws {TypeError} otherwise. */
function asHash(text: string): Sha256 {
  if (!isSha256(text)) throw new TypeError("A claim names a key and an id");
  return text;
}
