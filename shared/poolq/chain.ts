import {
  createMessageVerifier,
  type MessageVerifier,
  type VerifiedMessage,
} from "./verify_message.ts";

/** A place in a topic. */
export interface LogPosition {
  /** At least 1. */
  readonly seq: number;
  /** Message id, 64 lowercase hex digits. */
  readonly id: string;
}

/** Knows who may write a topic: the founder, and who comes after him. */
export interface TopicAuthors {
  /** Whether `author` may have written message `seq`; `msgId` is what its id must be, where somebody handed over there. */
  judge(
    message: {
      readonly topicId: string;
      readonly founder: string;
      readonly author: string;
      readonly seq: number;
    },
  ):
    | { readonly ok: true; readonly msgId?: string }
    | { readonly ok: false; readonly reason: string };
}

/** What an administrator of the fleet does not want to be shown: topic ids and keys, as hex. */
export interface PoolqBlocks {
  readonly topics: readonly string[];
  readonly keys: readonly string[];
}

/** The reason that blocked topics and messages are refused with. */
export const BLOCKED = "blocked by the fleet's admin";

/** What is said of the next piece of a topic, in order. */
export type ChainVerdict =
  /** It is what its author wrote at its place: show it. */
  | { readonly kind: "message"; readonly verified: VerifiedMessage }
  /** Older messages are no longer kept anywhere; nothing is wrong. */
  | { readonly kind: "aged_out"; readonly fromSeq: number; readonly toSeq: number }
  /** What came in the place of `seq` is not to be believed. */
  | { readonly kind: "refused"; readonly seq: number; readonly reason: string }
  /** Nobody handed these out, though later ones exist. */
  | { readonly kind: "missing"; readonly fromSeq: number; readonly toSeq: number }
  /** `author` signed two different histories; `ids` are what is known of the two messages at `seq`. */
  | {
    readonly kind: "equivocation";
    readonly seq: number;
    readonly author: string;
    readonly ids: readonly [string, string];
  };

/** What a topic is read with. */
export interface ChainStart {
  readonly topicId: string;
  readonly authors: TopicAuthors;
  /** The message before the first wanted one, if it was verified earlier: what follows must name it. */
  readonly previous?: LogPosition;
  /** The first wanted seq, at least 1. */
  readonly from: number;
  /** The first one that whoever answers still keeps, as it says; what it hands out first is then an accepted anchor. */
  readonly firstSeq: number;
  readonly blocks?: PoolqBlocks;
  readonly verify?: MessageVerifier;
}

/**
 * Reads an ordered range of one topic. Nothing is believed but what is proven: each message's id, signature, topic and
 * author, and that it names the one before it.
 *
 * A message is held back until the one after it has come, or the range has ended, since only then is it clear that its
 * author did not sign another one for the same place. After a verdict other than "message" and "aged_out" a reader should
 * stop; one that goes on gets what can still be proven of the rest, but after an equivocation nothing more.
 */
export class ChainReader {
  readonly #start: ChainStart;
  readonly #verify: MessageVerifier;
  /** The last one that was shown, or is known from before. */
  #previous: LogPosition | undefined;
  #held: VerifiedMessage | undefined;
  /** The seq that is expected to come. */
  #next: number;
  #refused = 0;
  #isEnded = false;

  constructor(start: ChainStart) {
    this.#start = start;
    this.#verify = start.verify ?? createMessageVerifier();
    this.#next = Math.max(start.from, start.firstSeq);
    this.#previous = start.previous?.seq === this.#next - 1 ? start.previous : undefined;
  }

  /** The seq to ask for next. */
  get nextSeq(): number {
    return this.#next + this.#refused;
  }

  /** Whether nothing more can be believed. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** What is to be said before the first message. */
  opening(): readonly ChainVerdict[] {
    const { from, firstSeq } = this.#start;
    return firstSeq > from ? [{ kind: "aged_out", fromSeq: from, toSeq: firstSeq - 1 }] : [];
  }

  /** Takes the next entry of the range: JSON as bytes or text, or parsed. */
  take(input: Uint8Array | string | object): readonly ChainVerdict[] {
    if (this.#isEnded) return [];
    const verdict = this.#verify(input, { topicId: this.#start.topicId });
    if (!verdict.ok) return this.#refuse(this.#next, verdict.reason);
    const { verified } = verdict;
    const { seq, author_pubkey: author, founder_pubkey: founder, prev } = verified.message;
    const { keys = [] } = this.#start.blocks ?? {};
    if (keys.includes(author) || keys.includes(founder)) return this.#refuse(seq, BLOCKED);
    const topicId = this.#start.topicId;
    const allowed = this.#start.authors.judge({ topicId, founder, author, seq });
    if (!allowed.ok) return this.#refuse(seq, allowed.reason);
    if (allowed.msgId !== undefined && allowed.msgId !== verified.id) {
      return this.#refuse(seq, "it is not the message that its author named when handing over");
    }
    const before = this.#held ? positionOf(this.#held) : this.#previous;
    if (before?.seq === seq) {
      if (before.id === verified.id) return [];
      return this.#equivocate(seq, author, [before.id, verified.id]);
    }
    if (seq < this.#next) {
      return this.#refuse(seq, `it came after seq ${this.#next - 1}, out of order`);
    }
    if (seq === this.#next && before && before.id !== prev) {
      return this.#equivocate(before.seq, author, [before.id, prev]);
    }
    const verdicts = [...this.#release()];
    // As many as were refused may stand for as many that are not there.
    if (seq - this.#next > this.#refused) {
      verdicts.push({ kind: "missing", fromSeq: this.#next + this.#refused, toSeq: seq - 1 });
    }
    this.#held = verified;
    this.#next = seq + 1;
    this.#refused = 0;
    return verdicts;
  }

  /** Ends the range; messages up to `lastSeq` were to come. More may be taken afterwards, as when a topic is followed. */
  end(lastSeq: number): readonly ChainVerdict[] {
    if (this.#isEnded) return [];
    const verdicts = [...this.#release()];
    const from = this.#next + this.#refused;
    if (from <= lastSeq) verdicts.push({ kind: "missing", fromSeq: from, toSeq: lastSeq });
    return verdicts;
  }

  #refuse(seq: number, reason: string): readonly ChainVerdict[] {
    this.#refused += 1;
    return [...this.#release(), { kind: "refused", seq, reason }];
  }

  #equivocate(seq: number, author: string, ids: [string, string]): readonly ChainVerdict[] {
    this.#isEnded = true;
    this.#held = undefined;
    return [{ kind: "equivocation", seq, author, ids }];
  }

  #release(): readonly ChainVerdict[] {
    const held = this.#held;
    if (!held) return [];
    this.#held = undefined;
    this.#previous = positionOf(held);
    return [{ kind: "message", verified: held }];
  }
}

function positionOf({ id, message }: VerifiedMessage): LogPosition {
  return { seq: message.seq, id };
}

/** A verdict in one line; `undefined` for a message, which is shown instead. */
export function describeVerdict(verdict: ChainVerdict): string | undefined {
  switch (verdict.kind) {
    case "message":
      return undefined;
    case "aged_out":
      return `${seqs(verdict.fromSeq, verdict.toSeq)} aged out`;
    case "missing":
      return `${seqs(verdict.fromSeq, verdict.toSeq)} missing`;
    case "refused":
      return `seq ${verdict.seq} refused: ${verdict.reason}`;
    case "equivocation":
      return `equivocation by ${verdict.author} at seq ${verdict.seq}: ${
        verdict.ids.map((id) => id.slice(0, 12)).join(" and ")
      }`;
  }
}

function seqs(fromSeq: number, toSeq: number): string {
  return fromSeq === toSeq ? `seq ${fromSeq}` : `seq ${fromSeq}–${toSeq}`;
}
