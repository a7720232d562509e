import type { Sha256 } from "../../shared/crypto/sha256.ts";
import type { Appointment } from "../../shared/poolq/appointment.ts";

/** A topic as the server keeps it. */
export interface StoredTopic {
  readonly topicId: Sha256;
  readonly name: string;
  /** ed25519 public key, hex. */
  readonly founder: string;
  /** Hostname of the envoy that it is written from; empty if its puddle has appointed none. */
  readonly writer: string;
  /** The puddle's word for that, verified. */
  readonly appointment: Appointment | null;
  /** The Unix user on the envoy that brought its last message. */
  readonly user: string;
  /** The lowest message that is kept; `headSeq` + 1 once all have aged out. */
  readonly firstSeq: number;
  readonly headSeq: number;
  readonly headId: Sha256;
  /** Time that the last message names. */
  readonly headPostedAtMs: number;
  /** When the last message came. */
  readonly receivedAtMs: number;
  /** UTF-8 bytes of the messages that are kept. */
  readonly sizeBytes: number;
  /** Delegations that its authors rest on, as JSON, each once. */
  readonly delegations: readonly string[];
  /** Two messages with one seq by one author; nothing after it is taken. */
  readonly equivocation: StoredEquivocation | null;
}

export interface StoredEquivocation {
  readonly seq: number;
  readonly author: string;
  /** The one that is kept in the topic, and the other. */
  readonly ids: readonly [string, string];
  /** The other as JSON; neither is thrown away. */
  readonly other: string;
  /** Hostname of the envoy that brought the other. */
  readonly from: string;
  readonly atMs: number;
}

export interface StoredMessage {
  readonly seq: number;
  readonly msgId: Sha256;
  readonly postedAtMs: number;
  readonly receivedAtMs: number;
  /** As JSON. */
  readonly text: string;
}

/** Messages that topics lost, by age or size. */
export interface PrunedQueue {
  readonly topicId: Sha256;
  readonly messages: number;
}

/** Queues of the fleet, durable when a method returns. */
export interface QueueRepository {
  /** In the order of their ids. */
  listTopics(): Promise<StoredTopic[]>;
  findTopic(topicId: string): Promise<StoredTopic | undefined>;
  /** Keeps a topic, and adds messages to it, all or nothing. A message whose seq is there already is not touched. */
  save(topic: StoredTopic, messages: readonly StoredMessage[]): Promise<void>;
  findMessage(topicId: string, seq: number): Promise<StoredMessage | undefined>;
  /** Messages from `fromSeq` to `toSeq`, both included, in order: at most `limit`, and none after the one that reaches `maxBytes`. */
  range(
    topicId: string,
    page: {
      readonly fromSeq: number;
      readonly toSeq: number;
      readonly limit: number;
      readonly maxBytes: number;
    },
  ): Promise<StoredMessage[]>;
  /** The last message that names a time up to this one. */
  lastPostedBy(topicId: string, atMs: number): Promise<StoredMessage | undefined>;
  /**
   * Removes the messages of a topic that came before a time, but only its first ones in a row, at most `limit`; the topic's
   * `firstSeq` and `sizeBytes` follow. Answers how many.
   */
  prune(topicId: string, receivedBeforeMs: number, limit: number): Promise<number>;
  /** How many messages are kept, and their UTF-8 bytes. */
  totals(): Promise<{ readonly messages: number; readonly bytes: number }>;
}
