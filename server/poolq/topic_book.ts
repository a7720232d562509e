import { MAX_AHEAD_MS } from "../../shared/poolq/limits.ts";
import type { StoredMessage, StoredTopic } from "../store/queue_store.ts";
import type { Store } from "../store/store.ts";

export interface TopicBookOptions {
  readonly store: Pick<Store, "queues">;
  readonly now: () => number;
}

/** What can be read of a topic now: messages whose time has not come are held back. */
export interface VisibleTopic {
  readonly topic: StoredTopic;
  readonly headSeq: number;
  readonly headId: string;
  readonly count: number;
}

/** What is kept of all topics. */
export interface QueueTotals {
  readonly topics: number;
  readonly messages: number;
  /** UTF-8 bytes of the messages. */
  readonly bytes: number;
  /** Topics with two messages for one place. */
  readonly equivocations: number;
}

/** All topics as they are kept, and what can be read of each now. */
export class TopicBook {
  readonly #options: TopicBookOptions;
  readonly #topics: Map<string, StoredTopic>;
  /** Topics that hold messages whose time has not come. */
  readonly #held = new Set<string>();

  private constructor(options: TopicBookOptions, topics: readonly StoredTopic[]) {
    this.#options = options;
    this.#topics = new Map(topics.map((topic) => [topic.topicId, topic]));
    for (const topic of topics) this.#noteHeld(topic);
  }

  static async load(options: TopicBookOptions): Promise<TopicBook> {
    return new TopicBook(options, await options.store.queues.listTopics());
  }

  /** A topic as it is kept, with what cannot be read yet. */
  kept(topicId: string): StoredTopic | undefined {
    return this.#topics.get(topicId);
  }

  allKept(): StoredTopic[] {
    return [...this.#topics.values()];
  }

  /** Keeps a topic as it is now, and new messages of it; durable when it returns. */
  async keep(topic: StoredTopic, messages: readonly StoredMessage[]): Promise<void> {
    await this.#options.store.queues.save(topic, messages);
    this.#topics.set(topic.topicId, topic);
    this.#noteHeld(topic);
  }

  /** Removes messages of a topic that came before a time, oldest first, at most `limit`; answers how many. */
  async prune(topicId: string, beforeMs: number, limit: number): Promise<number> {
    const { queues } = this.#options.store;
    const removed = await queues.prune(topicId, beforeMs, limit);
    const topic = removed > 0 ? await queues.findTopic(topicId) : undefined;
    if (topic) this.#topics.set(topicId, topic);
    return removed;
  }

  /** Topics whose held messages have all come of age, each told once. */
  *takeDue(): Generator<string> {
    const untilMs = this.#options.now() + MAX_AHEAD_MS;
    for (const topicId of [...this.#held]) {
      if ((this.#topics.get(topicId)?.headPostedAtMs ?? 0) > untilMs) continue;
      this.#held.delete(topicId);
      yield topicId;
    }
  }

  /** All topics of which something can be read, or could be, by their ids. */
  async list(): Promise<VisibleTopic[]> {
    const ids = [...this.#topics.keys()].sort();
    const found = await Promise.all(ids.map((id) => this.find(id)));
    return found.filter((topic) => topic !== undefined);
  }

  /** The ids that begin so, at most `limit`. */
  idsFrom(prefix: string, limit: number): string[] {
    return [...this.#topics.keys()].filter((id) => id.startsWith(prefix)).slice(0, limit);
  }

  /** A topic as it can be read now. */
  async find(topicId: string): Promise<VisibleTopic | undefined> {
    const topic = this.#topics.get(topicId);
    if (!topic) return undefined;
    const { headSeq, headId, firstSeq } = topic;
    const untilMs = this.#options.now() + MAX_AHEAD_MS;
    if (topic.headPostedAtMs <= untilMs) {
      return { topic, headSeq, headId, count: headSeq - firstSeq + 1 };
    }
    const last = await this.#options.store.queues.lastPostedBy(topicId, untilMs);
    if (!last) return undefined;
    return { topic, headSeq: last.seq, headId: last.msgId, count: last.seq - firstSeq + 1 };
  }

  /** What is kept; told from memory, since anybody may ask. */
  totals(): QueueTotals {
    let messages = 0, bytes = 0, equivocations = 0;
    for (const { firstSeq, headSeq, sizeBytes, equivocation } of this.#topics.values()) {
      messages += headSeq - firstSeq + 1;
      bytes += sizeBytes;
      if (equivocation) equivocations += 1;
    }
    return { topics: this.#topics.size, messages, bytes, equivocations };
  }

  /** Messages whose time has not come. */
  async countHeld(): Promise<number> {
    let held = 0;
    for (const topicId of this.#held) {
      const visible = await this.find(topicId);
      const topic = this.#topics.get(topicId);
      if (topic) held += topic.headSeq - (visible?.headSeq ?? topic.firstSeq - 1);
    }
    return held;
  }

  #noteHeld({ topicId, headPostedAtMs }: StoredTopic): void {
    if (headPostedAtMs > this.#options.now() + MAX_AHEAD_MS) this.#held.add(topicId);
    else this.#held.delete(topicId);
  }
}
