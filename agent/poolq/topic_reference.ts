import { isSha256, type Sha256 } from "../../shared/crypto/sha256.ts";
import { topicId, topicNameProblem } from "../../shared/poolq/topic.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";

/** A topic as a command names it: by its id, or by the name that this user founded it under. */
export type TopicReference =
  | { readonly kind: "id"; readonly id: Sha256 }
  | { readonly kind: "name"; readonly name: string };

/** @throws {UserError} if the text is neither. */
export function parseTopicReference(text: string): TopicReference {
  if (isSha256(text)) return { kind: "id", id: text };
  assertTopicName(text);
  return { kind: "name", name: text };
}

/** @throws {UserError} if it cannot be the name of a topic. */
export function assertTopicName(name: string): void {
  const problem = topicNameProblem(name);
  if (problem === undefined) return;
  throw new UserError(`Cannot use "${name}" as a topic name: ${problem}`, {
    exitCode: EXIT_CODE.usage,
  });
}

/** A topic that one of this user's keys founded, or would. */
export interface OwnTopicName {
  readonly id: Sha256;
  readonly name: string;
  readonly founder: string;
  /** Whether anything of it is known already. */
  readonly isKnown: boolean;
}

/**
 * The topic that a bare name means: the one that exists of those that this user's keys, the oldest first, could have founded
 * under it; a new one of the present key if none does. So a topic outlives the key that founded it.
 *
 * @param foundingKeys the oldest first, the present one last.
 * @param isKnown whether this home, this machine or the fleet has anything of a topic.
 */
export async function findOwnTopic(
  name: string,
  foundingKeys: readonly string[],
  isKnown: (id: Sha256) => Promise<boolean>,
): Promise<OwnTopicName> {
  const topics = foundingKeys.map((founder) => ({ id: topicId(founder, name), name, founder }));
  for (const topic of topics) {
    if (await isKnown(topic.id)) return { ...topic, isKnown: true };
  }
  const last = topics.at(-1);
  if (!last) throw new TypeError("A puddle has at least one key");
  return { ...last, isKnown: false };
}
