import {
  ChainReader,
  type ChainVerdict,
  describeVerdict,
  type LogPosition,
} from "../../shared/poolq/chain.ts";
import { MAX_RANGE_MESSAGES } from "../../shared/poolq/limits.ts";
import { createMessageVerifier, type VerifiedMessage } from "../../shared/poolq/verify_message.ts";
import { parseDelegations } from "../../shared/puddle/parse_delegations.ts";
import { PuddleChain } from "../../shared/puddle/puddle_chain.ts";
import type { FleetView } from "./fleet_view.ts";

/** Where a reader is: the last seq that it has, and its id if that is known. */
export interface ReaderPosition {
  readonly seq: number;
  readonly id?: string;
}

/** Which messages of a topic are wanted. */
export interface Wanted {
  readonly topicId: string;
  /** What follows this is wanted. */
  readonly after: ReaderPosition;
  /** Most messages. */
  readonly limit: number;
  /** Whether to go on past messages that are refused or missing. */
  readonly skipBad: boolean;
}

/** Takes what was read. */
export interface Delivery {
  /**
   * Messages, each proven, in order, and where the reader is when they have been written. It returns when they have: only
   * then does the reader move on.
   */
  messages(messages: readonly VerifiedMessage[], position: ReaderPosition): Promise<void>;
  /** What a person should know. */
  notice(text: string): void;
}

/** How reading ended. */
export interface Delivered {
  readonly count: number;
  readonly position: ReaderPosition;
  /** What stopped it; absent if it came to the end, or to its limit. */
  readonly problem?: ChainVerdict;
  /** Whether nobody knows the topic. */
  readonly isUnknown: boolean;
}

/**
 * Reads what is there of a topic after a place, proves it, and hands it over piece by piece. Whoever handed the messages to
 * this machine, and this machine's daemon, are not believed.
 *
 * @throws {UserError} if no daemon answers, or the topic is blocked.
 */
export async function deliver(
  fleet: FleetView,
  wanted: Wanted,
  delivery: Delivery,
): Promise<Delivered> {
  const { topicId, skipBad } = wanted;
  let position = wanted.after, count = 0, reader: ChainReader | undefined;
  let skipped = wanted.after.seq;
  for (;;) {
    const from = reader?.nextSeq ?? wanted.after.seq + 1;
    const limit = Math.min(MAX_RANGE_MESSAGES, wanted.limit - count);
    const range = await fleet.range(topicId, { from, limit });
    if (!range) return { count, position, isUnknown: true };
    reader ??= startReader(wanted, range.firstSeq, range.delegations);
    const isFirst = from === wanted.after.seq + 1;
    const verdicts = [...isFirst ? reader.opening() : []];
    for (const message of range.messages) verdicts.push(...reader.take(message));
    const isWhole = reader.nextSeq > range.headSeq;
    const isOver = isWhole || range.messages.length === 0;
    // One more is held back by the reader. Before the end nothing that is still to come is missing.
    const isFull = count + verdicts.filter(isMessage).length + 1 >= wanted.limit;
    if (isOver) verdicts.push(...reader.end(range.headSeq));
    else if (isFull) verdicts.push(...reader.end(0));
    const { equivocation } = range;
    if (isOver && equivocation && !reader.isEnded && equivocation.seq >= wanted.after.seq) {
      verdicts.push({ kind: "equivocation", ...equivocation });
    }
    const { messages, problem } = sift(verdicts, skipBad, delivery);
    const some = messages.slice(0, wanted.limit - count);
    const last = some.at(-1);
    if (last) {
      position = { seq: last.message.seq, id: last.id };
      count += some.length;
      await delivery.messages(some, position);
    }
    if (problem) return { count, position, problem, isUnknown: false };
    if (isOver || count >= wanted.limit || reader.nextSeq === skipped) break;
    skipped = reader.nextSeq;
  }
  return { count, position, isUnknown: false };
}

function startReader(
  { topicId, after }: Wanted,
  firstSeq: number,
  delegations: readonly unknown[],
): ChainReader {
  const previous: LogPosition | undefined = after.id === undefined
    ? undefined
    : { seq: after.seq, id: after.id };
  return new ChainReader({
    topicId,
    authors: new PuddleChain(parseDelegations(delegations)),
    from: after.seq + 1,
    firstSeq: Math.max(1, firstSeq),
    verify: createMessageVerifier(),
    ...(previous ? { previous } : {}),
  });
}

function isMessage({ kind }: ChainVerdict): boolean {
  return kind === "message";
}

/** The messages up to what stops the reader, after whatever is only to be said was said. */
function sift(
  verdicts: readonly ChainVerdict[],
  skipBad: boolean,
  delivery: Delivery,
): { messages: VerifiedMessage[]; problem?: ChainVerdict } {
  const messages: VerifiedMessage[] = [];
  for (const verdict of verdicts) {
    if (verdict.kind === "message") {
      messages.push(verdict.verified);
      continue;
    }
    const isFinal = verdict.kind === "equivocation" ||
      (verdict.kind !== "aged_out" && !skipBad);
    if (isFinal) return { messages, problem: verdict };
    delivery.notice(describeVerdict(verdict) ?? "");
  }
  return { messages };
}
