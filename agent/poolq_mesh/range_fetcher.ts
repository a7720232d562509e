import { createMessageVerifier } from "../../shared/poolq/verify_message.ts";
import { parseDelegations } from "../../shared/puddle/parse_delegations.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import {
  parseRange,
  type QueueQuestion,
  type QueueRange,
  type QueueSource,
  type SaidByPeer,
} from "./queue_answer.ts";
import type { QueueStore } from "./queue_store.ts";
import type { ServerQueues } from "./server_queues.ts";
import { TopicIntake } from "./topic_intake.ts";

/** Characters of topics that were only read here, past which those read longest ago are forgotten. */
const MAX_CACHED_LENGTH = 256 * 1024 * 1024;

export interface RangeFetcherOptions {
  readonly store: QueueStore;
  readonly server: Pick<ServerQueues, "range">;
  readonly log: AgentLog;
  nowMs(): number;
  /** Whether the server tells of new messages by itself now. */
  isLive(): boolean;
  /** Asks peers, the preferred one first; no more of them than answers are taken. */
  askPeers(question: QueueQuestion, prefer: string): AsyncIterable<SaidByPeer>;
}

/** Gets messages from elsewhere. They are verified before they are kept or handed on; what does not verify is as good as no answer. */
export class RangeFetcher {
  readonly #options: RangeFetcherOptions;

  constructor(options: RangeFetcherOptions) {
    this.#options = options;
  }

  /** Asks the server if it is connected, else peers, and the others if one has nothing that is proven. */
  async fetch(
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
      const range = parseRange(text);
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
}
