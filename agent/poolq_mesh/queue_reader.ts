import type { FleetDocument } from "../../shared/config/fleet_document.ts";
import type { Appointment } from "../../shared/poolq/appointment.ts";
import { BLOCKED } from "../../shared/poolq/chain.ts";
import { MAX_RANGE_BYTES, MAX_RANGE_MESSAGES } from "../../shared/poolq/limits.ts";
import {
  MAX_PEER_RANGE_LENGTH,
  parseHead,
  type QueueHead,
  type QueueQuestion,
  type QueueRange,
  type QueueReply,
  type QueueSource,
} from "./queue_answer.ts";
import type { HeldTopic } from "./queue_store.ts";
import { RangeFetcher, type RangeFetcherOptions } from "./range_fetcher.ts";
import type { ServerQueues } from "./server_queues.ts";
import { TopicHeads } from "./topic_heads.ts";

const UNKNOWN = "No envoy that can be reached, nor the server, knows that topic";

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

export interface QueueReaderOptions extends RangeFetcherOptions {
  readonly server: Pick<ServerQueues, "topics" | "head" | "range">;
  readonly hostname: () => string;
  fleet(): FleetDocument | undefined;
}

/**
 * Answers what a topic holds: from what is held here, else from the server while it is connected, else from peers. Whatever
 * comes from elsewhere is verified before it is kept or handed on, and what does not verify is as good as no answer.
 */
export class QueueReader {
  readonly #options: QueueReaderOptions;
  readonly #heads: TopicHeads;
  readonly #fetcher: RangeFetcher;

  constructor(options: QueueReaderOptions) {
    this.#options = options;
    this.#heads = new TopicHeads(options);
    this.#fetcher = new RangeFetcher(options);
  }

  /** All topics that are known here, or to the server. */
  async topics(): Promise<{ readonly source: QueueSource; readonly topics: QueueHead[] }> {
    const { store, server, isLive } = this.#options;
    const told = isLive() ? await server.topics() : undefined;
    const topics = new Map<string, QueueHead>();
    for (const head of told ?? store.allClaimed().map((claim) => this.#heads.claimed(claim))) {
      topics.set(head.topicId, head);
    }
    for (const held of store.topics()) {
      const head = this.#heads.held(held);
      if (head.headSeq >= (topics.get(head.topicId)?.headSeq ?? 0)) topics.set(head.topicId, head);
    }
    const shown = [...topics.values()].sort((a, b) => a.topicId < b.topicId ? -1 : 1);
    return {
      source: told ? "server" : "local",
      topics: shown.map((head) => ({ ...head, blocked: this.#heads.isBlocked(head) })),
    };
  }

  /** The highest head of a topic that anybody who can be asked knows. */
  async head(topicId: string): Promise<HeadAnswer> {
    if (this.#heads.isIdBlocked(topicId)) {
      return this.#blocked(topicId, this.#options.store.claimed(topicId)?.founder);
    }
    const { store, server, isLive, askPeers } = this.#options;
    const found: (QueueHead & { readonly source: QueueSource })[] = [];
    const held = store.topic(topicId);
    if (held) found.push({ ...this.#heads.held(held), source: "local" });
    const claim = store.claimed(topicId);
    if (claim) found.push({ ...this.#heads.claimed(claim), source: "server" });
    if (isLive() && !claim) {
      const told = await server.head(topicId);
      if (told) found.push({ ...told, source: "server" });
    }
    if (!isLive()) {
      const question = { topicId, from: null, limit: 1 };
      for await (const reply of askPeers(question, claim?.writer ?? "")) {
        const head = parseHead(reply.text);
        if (head?.topicId === topicId) found.push({ ...head, source: `peer ${reply.hostname}` });
      }
    }
    const [best] = found.toSorted((one, other) => other.headSeq - one.headSeq);
    if (!best) return refuse(404, UNKNOWN);
    if (this.#heads.isBlocked(best)) return this.#blocked(topicId, best.founder);
    const said = new Map(
      found.flatMap(({ appointment }) =>
        appointment ? [[appointment.signature, appointment] as const] : []
      ),
    );
    const appointments = [...said.values()];
    return { ok: true, head: { ...best, ...this.#heads.writer(held, best), appointments } };
  }

  /** Messages from `from` on, as far as somebody has them; up to the first by a key that is blocked. */
  async range(topicId: string, from: number, limit: number): Promise<RangeAnswer> {
    const answer = await this.#find(topicId, from, limit);
    if (!answer.ok) return answer;
    const { messages } = answer.range;
    const at = messages.findIndex(({ author_pubkey }) =>
      this.#heads.isKeyBlocked(String(author_pubkey))
    );
    if (at === 0) return this.#blocked(topicId, messages[0]?.author_pubkey);
    return at < 0
      ? answer
      : { ok: true, range: { ...answer.range, messages: messages.slice(0, at) } };
  }

  async #find(topicId: string, from: number, limit: number): Promise<RangeAnswer> {
    if (this.#heads.isIdBlocked(topicId)) {
      return this.#blocked(topicId, this.#options.store.claimed(topicId)?.founder);
    }
    const { store } = this.#options;
    const held = store.topic(topicId);
    if (held && this.#heads.isBlocked(held)) return this.#blocked(topicId, held.founder);
    // Peers may have kept what was lost here together with what the fleet had told.
    const isPast = held !== undefined && from > held.headSeq && !this.#options.isLive();
    if (held && !isPast && this.#heads.isWrittenHere(held)) return this.#local(held, from, limit);
    if (held && from >= held.firstSeq && from <= held.headSeq) {
      return await this.#localAndLater(held, from, limit);
    }
    const question = { topicId, from, limit: Math.min(limit, MAX_RANGE_MESSAGES) };
    const fetched = await this.#fetcher.fetch(question);
    if (fetched) {
      if (this.#heads.isBlocked(fetched)) return this.#blocked(topicId, fetched.founder);
      return { ok: true, range: fetched };
    }
    if (held) return this.#local(held, from, limit);
    return this.#nobodyHas(topicId);
  }

  /** Whichever of the two is blocked, and by whom that is undone. */
  #blocked(topicId: string, author: unknown): Refusal {
    const key = String(author);
    const isKey = this.#heads.isKeyBlocked(key);
    const what = isKey ? `key ${key}` : `topic ${topicId}`;
    return refuse(
      403,
      `The ${what} is ${BLOCKED}. Whoever looks after the fleet lifts it: vigocli swarm poolq unblock ${
        isKey ? `--key ${key}` : topicId
      }`,
    );
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
    if (this.#heads.isBlocked(held)) {
      return { status: 403, text: "" };
    }
    const head = this.#heads.held(held);
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

  /** What is held, and before that what has come since, as far as it is wanted. */
  async #localAndLater(held: HeldTopic, from: number, limit: number): Promise<RangeAnswer> {
    const { store } = this.#options;
    const { topicId, headSeq } = held;
    const wanted = from + limit - 1 - headSeq;
    const later = wanted > 0 && held.equivocation === null && this.#mayHaveMore(held)
      ? await this.#fetcher.fetch({
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
        ...this.#heads.held(held),
        source: "local",
        messages: texts.map((text) => JSON.parse(text)),
        delegations: held.delegations.map((text) => JSON.parse(text)),
      },
    };
  }
}

function refuse(status: Refusal["status"], message: string): Refusal {
  return { ok: false, status, message };
}
