import type { TopicAuthors } from "../../shared/poolq/chain.ts";
import type { Message } from "../../shared/poolq/message.ts";
import type { MessageVerifier } from "../../shared/poolq/verify_message.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { HeldLock } from "./held_lock.ts";
import type { TopicPaths } from "./poolq_paths.ts";

/** A topic in this home, and what is needed to judge what lies there. */
export interface OwnTopic {
  readonly id: string;
  readonly name: string;
  /** Public key that founded it, hex. */
  readonly founder: string;
  readonly paths: TopicPaths;
  readonly authors: TopicAuthors;
  readonly verify: MessageVerifier;
  /** Held while the topic is looked at or changed. */
  readonly lock: HeldLock;
  /** Hears what a person should know, one sentence at a time. */
  readonly notice: (text: string) => void;
}

/**
 * Makes sure that a message is one that this puddle signed.
 *
 * @throws {UserError} if its author may not write to the topic: then this home and its puddle do not belong together.
 */
export function assertOwn(topic: OwnTopic, message: Message): void {
  const verdict = topic.authors.judge({
    topicId: topic.id,
    founder: message.founder_pubkey,
    author: message.author_pubkey,
    seq: message.seq,
  });
  if (verdict.ok) return;
  throw new UserError(
    `Cannot use seq ${message.seq} of "${topic.name}" in ${topic.paths.messages}: ${verdict.reason}. Restore ~/.vigo-puddle with all of its retired keys, or move the file away`,
  );
}

/** Two messages of this home have one place, so whatever follows would contradict one of them. */
export function forkError(topic: OwnTopic, seq: number, ids: readonly string[]): UserError {
  return new UserError(
    `Cannot post to "${topic.name}": ${topic.paths.folder} holds two histories at seq ${seq} (${
      ids.map((id) => id.slice(0, 12)).join(" and ")
    }). Move the file away that the fleet does not know, see "vigo swarm poolq tail ${topic.name}"`,
  );
}
