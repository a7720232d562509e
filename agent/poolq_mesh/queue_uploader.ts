import { Buffer } from "node:buffer";
import { messageId } from "../../shared/poolq/message.ts";
import { UploadQueuesRequest, UploadQueuesResponse } from "../../shared/proto/agent.ts";
import type { Clock } from "../runtime/clock.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import type { SignedCaller } from "../server_link/signed_caller.ts";
import type { HeldTopic, QueueStore } from "./queue_store.ts";

/** Topics in one call, and characters of messages: a call has at most 2 MiB. */
const OFFERS_PER_CALL = 128;
const LENGTH_PER_CALL = 1024 * 1024;
const MESSAGES_PER_CALL = 1_000;
const MAX_DELEGATIONS = 64;
/** An envoy has 4,096 nonces for ten minutes, which are not all for queues: so many calls at once, then one in so long. */
const BURST_CALLS = 64;
const CALL_EVERY_MS = 400;

export interface QueueUploaderOptions {
  readonly store: QueueStore;
  readonly caller: Pick<SignedCaller, "call">;
  readonly clock: Clock;
  readonly log: AgentLog;
  /** The users whose topics may be carried. */
  granted(): Promise<readonly string[]>;
  isOpen(): boolean;
  readonly signal: AbortSignal;
}

/**
 * Brings to the server what users posted here and it does not have. Only what the server says counts as acknowledged, and
 * only for as long as its stream stands: one that was restored from a backup is given what it has lost. One call at a time;
 * what is posted meanwhile goes with the next.
 */
export class QueueUploader {
  readonly #options: QueueUploaderOptions;
  /** By topic: up to where the server has it. */
  readonly #stored = new Map<string, number>();
  /** By topic: what the server was told last of who writes it. A topic that moves away has another one, and no new message. */
  readonly #toldWriters = new Map<string, string>();
  /** Topics of which the server has another message than this envoy, and was given ours, so that it sees both. */
  readonly #disputed = new Set<string>();
  /** Topics that the server takes no more of for now, and why. */
  readonly #refused = new Map<string, string>();
  #running: Promise<void> | undefined;
  #isAskedAgain = false;
  #allowance = BURST_CALLS;
  #allowanceAtMs = 0;

  constructor(options: QueueUploaderOptions) {
    this.#options = options;
  }

  /** Up to where the server has a topic; `undefined` if it has not said so. */
  storedSeq(topicId: string): number | undefined {
    return this.#stored.get(topicId);
  }

  /** Why the server takes no more of a topic. */
  refusal(topicId: string): string | undefined {
    return this.#refused.get(topicId);
  }

  /** The server may have forgotten what it had: it is asked again. */
  forget(): void {
    this.#stored.clear();
    this.#toldWriters.clear();
    this.#disputed.clear();
    this.#refused.clear();
  }

  /** What was refused is offered again, as after a check-in: its reason may be gone. */
  retryRefused(): void {
    this.#refused.clear();
  }

  /** Uploads until the server has everything, or does not answer. */
  run(): Promise<void> {
    if (this.#running) {
      this.#isAskedAgain = true;
      return this.#running;
    }
    return this.#running = this.#runAll().finally(() => this.#running = undefined);
  }

  async #runAll(): Promise<void> {
    const { signal, isOpen } = this.#options;
    do {
      this.#isAskedAgain = false;
      while (!signal.aborted && isOpen() && await this.#runOnce());
    } while (this.#isAskedAgain && !signal.aborted);
  }

  /** One call; whether another one is worth it. */
  async #runOnce(): Promise<boolean> {
    const { store, caller, log, granted } = this.#options;
    const users = new Set(await granted());
    const due: HeldTopic[] = [];
    for (const topic of store.topics()) {
      if (!this.#isDue(topic) || !users.has(topic.user ?? "")) continue;
      due.push(topic);
      if (due.length === OFFERS_PER_CALL) break;
    }
    if (due.length === 0) return false;
    await this.#takeTurn();
    const request = this.#compose(due);
    const outcome = await caller.call(
      "UploadQueues",
      Buffer.from(UploadQueuesRequest.encode(request).finish()),
    );
    if (!outcome.ok) {
      log.debug("queues could not be uploaded; trying again", { reason: outcome.failure.message });
      return false;
    }
    this.#note(due, UploadQueuesResponse.decode(outcome.value));
    return true;
  }

  #isDue({ topicId, headSeq, appointment }: HeldTopic): boolean {
    if (this.#refused.has(topicId)) return false;
    const stored = this.#stored.get(topicId);
    return stored === undefined || stored < headSeq ||
      this.#toldWriters.get(topicId) !== appointment?.signature;
  }

  /** Of topics of which it is not known what the server has, nothing but that is asked. */
  #compose(due: readonly HeldTopic[]): UploadQueuesRequest {
    const { store } = this.#options;
    let length = 0, messages = 0;
    const delegations = new Set<string>();
    const topics = due.map((topic) => {
      const stored = this.#stored.get(topic.topicId);
      const texts = stored === undefined || length >= LENGTH_PER_CALL ||
          messages >= MESSAGES_PER_CALL
        ? []
        : store.range(topic.topicId, {
          from: Math.max(stored + 1, topic.firstSeq),
          limit: MESSAGES_PER_CALL - messages,
          maxLength: LENGTH_PER_CALL - length,
        });
      messages += texts.length;
      length += texts.reduce((sum, text) => sum + text.length, 0);
      for (const delegation of topic.delegations) delegations.add(delegation);
      return {
        topicId: Buffer.from(topic.topicId, "hex"),
        user: topic.user ?? "",
        appointment: Buffer.from(topic.appointment ? JSON.stringify(topic.appointment) : ""),
        firstSeq: topic.firstSeq,
        headSeq: topic.headSeq,
        messages: texts.map((text) => Buffer.from(text)),
      };
    });
    return {
      topics,
      delegations: [...delegations].slice(0, MAX_DELEGATIONS).map((text) => Buffer.from(text)),
    };
  }

  #note(due: readonly HeldTopic[], { topics }: UploadQueuesResponse): void {
    for (const { topicId, storedSeq, storedId, refusal } of topics) {
      const id = topicId.toString("hex");
      const topic = due.find((one) => one.topicId === id);
      if (!topic) continue;
      const before = this.#stored.get(id);
      const isOther = refusal === "" && !this.#disputed.has(id) &&
        this.#isOther(topic, storedSeq, storedId.toString("hex"));
      if (isOther) this.#disputed.add(id);
      this.#stored.set(id, isOther ? storedSeq - 1 : storedSeq);
      if (isOther) continue;
      if (topic.appointment) this.#toldWriters.set(id, topic.appointment.signature);
      // Without progress another call would say the same.
      const isStuck = before !== undefined && storedSeq <= before && storedSeq < topic.headSeq;
      const reason = refusal || (isStuck ? "the server took nothing" : "");
      if (reason === "") continue;
      this.#refused.set(id, reason);
      this.#options.log.warn("the server does not take what was posted to a topic", {
        topic: id,
        user: topic.user,
        reason,
      });
    }
  }

  /** Whether the server's last message is not the one that is held here in its place: then it has to be shown both. */
  #isOther({ topicId, firstSeq, headSeq, headId }: HeldTopic, seq: number, id: string): boolean {
    if (id === "" || seq < firstSeq || seq > headSeq) return false;
    if (seq === headSeq) return id !== headId;
    const [text] = this.#options.store.range(topicId, { from: seq, limit: 1, maxLength: 1 });
    // Verified when it was taken in; a seq that is missing here says nothing.
    const message = text === undefined ? undefined : JSON.parse(text);
    return message?.seq === seq && messageId(message) !== id;
  }

  async #takeTurn(): Promise<void> {
    const { clock, signal } = this.#options;
    for (;;) {
      const nowMs = clock.nowMs();
      const earned = Math.max(0, nowMs - this.#allowanceAtMs) / CALL_EVERY_MS;
      this.#allowance = Math.min(BURST_CALLS, this.#allowance + earned);
      this.#allowanceAtMs = nowMs;
      if (this.#allowance >= 1 || signal.aborted) break;
      await clock.sleep(CALL_EVERY_MS, signal);
    }
    this.#allowance -= 1;
  }
}
