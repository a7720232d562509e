import { type Delegation, isSameDelegation, type TopicHead } from "./delegation.ts";

/** Most delegations that are followed from the key that founded a topic. */
export const MAX_CHAIN_LENGTH = 8;

/** One key's share of a topic: it may write the messages after `afterSeq`, up to `head` if there is one. */
export interface WriterSegment {
  readonly author: string;
  /** 0 for a topic from its beginning. */
  readonly afterSeq: number;
  /**
   * Where its share ends: what it signed later is refused, and the message with this seq must be this one. At the end of
   * an empty share `seq` is `afterSeq`, and no message is named. Absent while the key is the present one.
   */
  readonly head?: SegmentEnd;
}

/** The last message of a key's share of a topic. */
export interface SegmentEnd {
  readonly seq: number;
  readonly msgId: string | null;
}

/** Who may write a topic, in order. */
export interface TopicWriters {
  readonly segments: readonly WriterSegment[];
  /** The key that may write now; absent if the chain ends in doubt, and then nothing after the last head is believed. */
  readonly current?: string;
  /** Why the chain ends in doubt, for people. */
  readonly problem?: string;
}

/** Whether an author may have written one message. `msgId` is what its id must be, where a delegation says so. */
export type AuthorVerdict =
  | { readonly ok: true; readonly msgId?: string }
  | { readonly ok: false; readonly reason: string };

/**
 * What a set of delegations says about who speaks for a puddle and who writes its topics.
 *
 * Chains are followed from the founding key on, at most {@linkcode MAX_CHAIN_LENGTH} delegations, never to a key that was
 * there before and never to heads before earlier ones. A key that signed two different delegations is *contested*: neither
 * is followed, and its topics stay readable up to the head that both list (the lower one; if one alone lists it, that).
 */
export class PuddleChain {
  readonly #byOldKey = new Map<string, Delegation[]>();
  readonly #newKeys = new Map<string, Set<string>>();

  /** @param delegations Each {@linkcode verifyDelegation verified}; several copies of one count once. */
  constructor(delegations: Iterable<Delegation>) {
    for (const delegation of delegations) {
      const known = this.#byOldKey.get(delegation.oldKey) ?? [];
      if (known.some((other) => isSameDelegation(other, delegation))) continue;
      this.#byOldKey.set(delegation.oldKey, [...known, delegation]);
      const older = this.#newKeys.get(delegation.newKey) ?? new Set();
      this.#newKeys.set(delegation.newKey, older.add(delegation.oldKey));
    }
  }

  /** Whether this key signed two different delegations. */
  isContested(key: string): boolean {
    return (this.#byOldKey.get(key)?.length ?? 0) > 1;
  }

  /** Who speaks now for the puddle that had this key; nothing if the chain ends in doubt. */
  currentKey(key: string): string | undefined {
    return this.#follow(key).current;
  }

  /** The keys from `key` to the present one, in order, `key` included; where the chain ends in doubt, up to there. */
  keysFrom(key: string): readonly string[] {
    return this.#follow(key).keys;
  }

  /** Every key that delegated, by however many steps, to this one: the founding keys whose topics it may have. */
  keysBefore(key: string): ReadonlySet<string> {
    const found = new Set<string>();
    let edge = [key];
    for (let step = 0; step < MAX_CHAIN_LENGTH && edge.length > 0; step += 1) {
      edge = edge.flatMap((one) => [...this.#newKeys.get(one) ?? []])
        .filter((one) => one !== key && !found.has(one));
      for (const one of edge) found.add(one);
    }
    for (const one of found) if (!this.keysFrom(one).includes(key)) found.delete(one);
    return found;
  }

  /** Who may write the topic that `founder` founded. */
  writers(topicId: string, founder: string): TopicWriters {
    const segments: WriterSegment[] = [];
    let afterSeq = 0, lastId: string | null = null;
    const { keys, current, problem } = this.#follow(founder);
    for (const author of keys) {
      const delegations = this.#byOldKey.get(author) ?? [];
      if (delegations.length === 0) {
        segments.push({ author, afterSeq });
        break;
      }
      const listed: NamedEnd | undefined = lowest(
        delegations.flatMap(({ heads }) => headsOf(heads, topicId)),
      );
      // What a later key leaves out it wrote nothing to.
      const head: SegmentEnd = listed ?? { seq: afterSeq, msgId: lastId };
      const isBackwards = head.seq < afterSeq || (head.seq === afterSeq && head.msgId !== lastId);
      if (isBackwards) {
        return {
          segments,
          problem: `the delegation of ${author} lists a head before that of the key before it`,
        };
      }
      segments.push({ author, afterSeq, head });
      afterSeq = head.seq;
      lastId = head.msgId;
    }
    return {
      segments,
      ...(current === undefined ? {} : { current }),
      ...(problem === undefined ? {} : { problem }),
    };
  }

  /** Whether `author` may have written message `seq` of the topic that `founder` founded. */
  judge(
    message: {
      readonly topicId: string;
      readonly founder: string;
      readonly author: string;
      readonly seq: number;
    },
  ): AuthorVerdict {
    const { topicId, founder, author, seq } = message;
    const { segments, problem } = this.writers(topicId, founder);
    const segment = segments.find((one) => one.author === author);
    if (!segment) {
      const doubt = problem === undefined ? "" : ` (${problem})`;
      return {
        ok: false,
        reason: `${author} is neither the founder nor a key that the founder delegated to${doubt}`,
      };
    }
    if (seq <= segment.afterSeq) {
      return {
        ok: false,
        reason: `${author} may write after seq ${segment.afterSeq} alone, as the delegation says`,
      };
    }
    if (segment.head && seq > segment.head.seq) {
      return {
        ok: false,
        reason: this.isContested(author)
          ? `puddle is contested: ${author} signed two different delegations, so nothing after seq ${segment.head.seq} is believed`
          : `${author} was retired at seq ${segment.head.seq}`,
      };
    }
    const mustBe = segment.head?.seq === seq ? segment.head.msgId : null;
    return mustBe === null ? { ok: true } : { ok: true, msgId: mustBe };
  }

  #follow(key: string): { keys: string[]; current?: string; problem?: string } {
    const keys = [key];
    for (let present = key;;) {
      const [delegation, second] = this.#byOldKey.get(present) ?? [];
      if (!delegation) return { keys, current: present };
      if (second) return { keys, problem: `${present} signed two different delegations` };
      if (keys.includes(delegation.newKey)) {
        return { keys, problem: `${present} delegated back to ${delegation.newKey}` };
      }
      if (keys.length > MAX_CHAIN_LENGTH) {
        return { keys, problem: `more than ${MAX_CHAIN_LENGTH} delegations in a row` };
      }
      present = delegation.newKey;
      keys.push(present);
    }
  }
}

type NamedEnd = Pick<TopicHead, "seq" | "msgId">;

function headsOf(heads: readonly TopicHead[], topicId: string): NamedEnd[] {
  return heads.filter((head) => head.topicId === topicId).map(({ seq, msgId }) => ({ seq, msgId }));
}

function lowest(heads: readonly NamedEnd[]): NamedEnd | undefined {
  return heads.reduce<NamedEnd | undefined>(
    (found, head) => found && found.seq <= head.seq ? found : head,
    undefined,
  );
}
