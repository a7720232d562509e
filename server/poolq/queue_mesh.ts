import { Buffer } from "node:buffer";
import type { Logger } from "../../shared/platform/logging.ts";
import {
  type Appointment,
  latestAppointment,
  parseAppointment,
} from "../../shared/poolq/appointment.ts";
import { BLOCKED } from "../../shared/poolq/chain.ts";
import { createMessageVerifier } from "../../shared/poolq/verify_message.ts";
import { PuddleChain } from "../../shared/puddle/puddle_chain.ts";
import {
  type QueueHead,
  type QueueOffer,
  type QueueState,
  Refusal_Reason,
  type ServerMessage,
  type UploadQueuesRequest,
  type UploadQueuesResponse,
} from "../../shared/proto/agent.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";
import { malformed, type RequestRefusal } from "../fleet/refusals.ts";
import { SerialQueue } from "../service/serial_queue.ts";
import { runInSlices } from "../steps/run_in_slices.ts";
import type { StoredTopic } from "../store/queue_store.ts";
import type { Store } from "../store/store.ts";
import { acceptMessages } from "./accept_messages.ts";
import { delegationsOf, readDelegations } from "./known_delegations.ts";
import type { QueueBlocks } from "./queue_blocks.ts";
import type { QueueSettings } from "./queue_settings.ts";
import { founderOf, judgeLimits, seqOf } from "./read_upload.ts";
import { TopicBook, type VisibleTopic } from "./topic_book.ts";

/** Most topics of the fleet, and of one envoy. */
const MAX_TOPICS = 20_000;
const MAX_TOPICS_OF_ENVOY = 1_000;
/** Heads in one message down a stream, and told to an envoy that has just connected: the newest. */
const HEADS_PER_MESSAGE = 500;
const MAX_GREETED_HEADS = 2_000;
/** How often it is looked whether the time of held messages has come, and what has aged out. */
const TICK_MS = 5_000;
const PRUNE_MS = 10 * 60_000;
/** Messages removed in one transaction. */
const PRUNED_AT_ONCE = 1_000;

export interface QueueMeshOptions {
  readonly store: Pick<Store, "queues">;
  readonly settings: QueueSettings;
  readonly blocks: QueueBlocks;
  /** Whether an envoy's gate is open, by its hostname. */
  readonly isOpen: (hostname: string) => boolean;
  /** Whether a puddle was evicted from an envoy. */
  readonly isEvicted: (puddle: { publicKey: string; envoyUuid: string }) => boolean;
  /** The users to whom the policy of an envoy grants poolq. */
  readonly usersOf: (state: EnvoyState) => Promise<ReadonlySet<string>>;
  /** Sends to all envoys with an open stream that are admitted. */
  readonly broadcast: (message: ServerMessage) => void;
  readonly now: () => number;
  readonly logger: Logger;
}

export type UploadAnswer =
  | { readonly ok: true; readonly response: UploadQueuesResponse }
  | { readonly ok: false; readonly refusal: RequestRefusal };

/**
 * The server's view of all queues. It believes nobody: every byte is verified before it is kept, and readers verify again.
 * What an envoy is told to be stored is durable.
 */
export class QueueMesh {
  readonly #options: QueueMeshOptions;
  readonly #queue = new SerialQueue();
  readonly #verify = createMessageVerifier();
  /** How many new topics each envoy brought that are written from another one, since this server started. */
  readonly #broughtForOthers = new Map<string, number>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #prunedAtMs = 0;

  private constructor(options: QueueMeshOptions, readonly topics: TopicBook) {
    this.#options = options;
  }

  static async load(options: QueueMeshOptions): Promise<QueueMesh> {
    return new QueueMesh(options, await TopicBook.load(options));
  }

  /** Begins to look, now and then, for what has come of age and what is past it. */
  start(): void {
    this.#timer = setInterval(() => {
      this.tick().catch((error) =>
        this.#options.logger.error("Cannot look after the queues: {reason}", {
          reason: String(error),
        })
      );
    }, TICK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#queue.run(() => Promise.resolve());
  }

  /** Takes in what an envoy has of its users' topics, and answers what is stored of each. */
  async upload(state: EnvoyState, request: UploadQueuesRequest): Promise<UploadAnswer> {
    const overLimit = judgeLimits(request);
    if (overLimit !== undefined) return { ok: false, refusal: malformed(overLimit) };
    const { hostname, suspectedClone, uuid } = state.record;
    if (!this.#options.isOpen(hostname)) return denied("swarm.poolq.enabled does not admit it");
    if (suspectedClone) return denied("two machines seem to use this identity");
    const users = await this.#options.usersOf(state);
    const delegations = readDelegations(request.delegations);
    return await this.#queue.run(async () => {
      const topics: QueueState[] = [];
      for (const offer of request.topics) {
        topics.push(await this.#take(offer, { hostname, uuid }, users, delegations));
      }
      return { ok: true, response: { topics } };
    });
  }

  /** Tells an envoy that has just connected what there is; the newest, if that is too much. */
  async greet({ record }: EnvoyState, send: (message: ServerMessage) => void): Promise<void> {
    if (!this.#options.isOpen(record.hostname)) return;
    const newest = (await this.topics.list()).toSorted((one, other) =>
      other.topic.receivedAtMs - one.topic.receivedAtMs
    ).slice(0, MAX_GREETED_HEADS);
    for (let from = 0; from < newest.length; from += HEADS_PER_MESSAGE) {
      const heads = newest.slice(from, from + HEADS_PER_MESSAGE).map(toHead);
      send({ queueHeads: { heads } });
    }
  }

  isBlocked({ topicId, founder }: Pick<StoredTopic, "topicId" | "founder">): boolean {
    const { blocks } = this.#options;
    return blocks.has("topic", topicId) || blocks.has("key", founder);
  }

  /** Tells what has come of age since it was held, and removes what is past its age. */
  async tick(): Promise<void> {
    for (const topicId of this.topics.takeDue()) await this.#tell(topicId);
    const nowMs = this.#options.now();
    if (nowMs - this.#prunedAtMs < PRUNE_MS) return;
    this.#prunedAtMs = nowMs;
    await this.prune();
  }

  /** Removes messages that came longer ago than the retention, oldest first; answers how many. */
  async prune(): Promise<number> {
    const { settings, now } = this.#options;
    const beforeMs = now() - settings.retentionMs;
    let total = 0;
    for (const { topicId } of this.topics.allKept()) {
      for (let gone = PRUNED_AT_ONCE; gone === PRUNED_AT_ONCE;) {
        gone = await this.#queue.run(() => this.topics.prune(topicId, beforeMs, PRUNED_AT_ONCE));
        total += gone;
      }
    }
    return total;
  }

  async #take(
    offer: QueueOffer,
    { hostname, uuid }: { readonly hostname: string; readonly uuid: string },
    users: ReadonlySet<string>,
    offered: ReturnType<typeof readDelegations>,
  ): Promise<QueueState> {
    const { settings, blocks, isEvicted, now, logger } = this.#options;
    const topicId = offer.topicId.toString("hex");
    const known = this.topics.kept(topicId);
    const refuse = (refusal: string) => stateOf(offer.topicId, this.topics.kept(topicId), refusal);
    if (!users.has(offer.user)) {
      return refuse(
        `user ${offer.user} has no poolq: true in the policy that is published for ${hostname}`,
      );
    }
    if (known ? this.isBlocked(known) : blocks.has("topic", topicId)) return refuse(BLOCKED);
    const founder = known?.founder ?? founderOf(offer);
    const delegations = founder === undefined
      ? []
      : delegationsOf(founder, [...readDelegations(known?.delegations ?? []), ...offered]);
    const authors = new PuddleChain(delegations);
    const isKeyBlocked = (key: string) => blocks.has("key", key);
    const isKeyEvicted = (publicKey: string) => isEvicted({ publicKey, envoyUuid: uuid });
    const said = parseAppointment(offer.appointment);
    const mayAppoint = said && !isKeyBlocked(said.author_pubkey) &&
      !isKeyEvicted(said.author_pubkey);
    const appointment = latestAppointment(
      [known?.appointment, mayAppoint ? said : undefined],
      { topicId, founder: founder ?? "", authors },
    ) ?? null;
    const { topic, messages, refusal } = await runInSlices(acceptMessages(
      {
        topicId,
        user: offer.user,
        from: hostname,
        appointment,
        firstSeq: offer.firstSeq,
        messages: offer.messages,
      },
      known && appoint(known, appointment),
      {
        verify: this.#verify,
        authors,
        maxMsgBytes: settings.maxMsgBytes,
        maxTopicBytes: settings.maxTopicBytes,
        retentionMs: settings.retentionMs,
        nowMs: now(),
        isKeyBlocked,
        isEvicted: isKeyEvicted,
        kept: await this.#keptIds(known, offer),
      },
    ));
    if (!topic) return refuse(refusal);
    if (!known && this.#isFull(hostname)) return refuse("there are too many topics");
    if (!known && topic.writer !== hostname) {
      this.#broughtForOthers.set(hostname, (this.#broughtForOthers.get(hostname) ?? 0) + 1);
    }
    const kept = { ...topic, delegations: delegations.map((one) => JSON.stringify(one)) };
    if (JSON.stringify(kept) !== JSON.stringify(known)) {
      await this.topics.keep(kept, messages);
      await this.#tell(topicId);
      if (kept.equivocation && !known?.equivocation) {
        const { author, seq } = kept.equivocation;
        logger.error("Equivocation by {author} in topic {topicId} at seq {seq}; both are kept", {
          author,
          topicId,
          seq,
        });
      }
    }
    return stateOf(offer.topicId, kept, refusal);
  }

  /** The ids that are kept at the places which an offer names again. */
  async #keptIds(known: StoredTopic | undefined, offer: QueueOffer): Promise<Map<number, string>> {
    const kept = new Map<number, string>();
    if (!known) return kept;
    for (const bytes of offer.messages) {
      const seq = seqOf(bytes);
      if (seq === undefined || seq > known.headSeq) break;
      const message = await this.#options.store.queues.findMessage(known.topicId, seq);
      if (message) kept.set(seq, message.msgId);
    }
    return kept;
  }

  #isFull(hostname: string): boolean {
    const all = this.topics.allKept();
    if (all.length >= MAX_TOPICS) return true;
    let own = this.#broughtForOthers.get(hostname) ?? 0;
    for (const { writer } of all) if (writer === hostname) own += 1;
    return own >= MAX_TOPICS_OF_ENVOY;
  }

  async #tell(topicId: string): Promise<void> {
    const visible = await this.topics.find(topicId);
    if (visible) this.#options.broadcast({ queueHeads: { heads: [toHead(visible)] } });
  }
}

function stateOf(topicId: Buffer, topic: StoredTopic | undefined, refusal: string): QueueState {
  return {
    topicId,
    storedSeq: topic?.headSeq ?? 0,
    storedId: Buffer.from(topic?.headId ?? "", "hex"),
    refusal,
  };
}

function toHead({ topic, headSeq, headId, count }: VisibleTopic): QueueHead {
  return {
    topicId: Buffer.from(topic.topicId, "hex"),
    name: topic.name,
    founder: Buffer.from(topic.founder, "hex"),
    firstSeq: topic.firstSeq,
    headSeq,
    headId: Buffer.from(headId, "hex"),
    count,
    writer: topic.writer,
    appointment: Buffer.from(topic.appointment ? JSON.stringify(topic.appointment) : ""),
  };
}

/** The topic with who writes it by the latest word of its puddle. */
function appoint(topic: StoredTopic, appointment: Appointment | null): StoredTopic {
  return appointment ? { ...topic, writer: appointment.writer, appointment } : topic;
}

function denied(message: string): { readonly ok: false; readonly refusal: RequestRefusal } {
  return { ok: false, refusal: { reason: Refusal_Reason.DENIED, message } };
}
