import { ChainReader, type ChainVerdict, describeVerdict } from "../../shared/poolq/chain.ts";
import { PuddleChain } from "../../shared/puddle/puddle_chain.ts";
import { parseDelegations } from "../../shared/puddle/parse_delegations.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { MAX_RANGE_MESSAGES } from "../../shared/poolq/limits.ts";
import { type Allocator, type AllocatorWriter, writeAllocator } from "./allocator.ts";
import type { FleetView } from "./fleet_view.ts";
import type { KnownHead } from "./known_head.ts";
import { type NamedMessage, writeMessageFiles } from "./message_files.ts";
import type { OwnTopic } from "./own_log.ts";
import { allocatorAt } from "./post_steps.ts";

/**
 * Brings a home that is older than what was posted from it up to the head that the fleet knows: each message is verified to
 * follow the one before, then written, then counted.
 *
 * @returns the allocator afterwards.
 * @throws {UserError} if a message cannot be had or does not fit; what came before it is kept.
 */
export async function fetchMissing(
  topic: OwnTopic,
  fleet: FleetView,
  local: Allocator,
  { head, writer }: { readonly head: KnownHead; readonly writer: AllocatorWriter },
): Promise<Allocator> {
  let present = local;
  while (present.last_seq < head.seq) {
    const next = await fetchSome(topic, fleet, present, { head, writer });
    if (next === present) throw behindError(topic, present, head, "nobody hands them out");
    present = next;
  }
  if (present.last_seq === head.seq && present.last_msg_id !== head.id) {
    throw behindError(
      topic,
      present,
      head,
      `seq ${head.seq} is another message than was announced`,
    );
  }
  return present;
}

async function fetchSome(
  topic: OwnTopic,
  fleet: FleetView,
  present: Allocator,
  { head, writer }: { readonly head: KnownHead; readonly writer: AllocatorWriter },
): Promise<Allocator> {
  const from = present.last_seq + 1;
  const range = await fleet.range(topic.id, { from, limit: MAX_RANGE_MESSAGES }).catch(
    (error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      throw behindError(topic, present, head, error.message);
    },
  );
  if (!range || range.messages.length === 0) return present;
  const reader = new ChainReader({
    topicId: topic.id,
    authors: range.delegations.length > 0
      ? new PuddleChain(parseDelegations(range.delegations))
      : topic.authors,
    from,
    firstSeq: from,
    previous: { seq: present.last_seq, id: present.last_msg_id },
    verify: topic.verify,
  });
  const verdicts = [...range.messages.flatMap((one) => reader.take(one)), ...reader.end(0)];
  const wanted: NamedMessage[] = [];
  for (const verdict of verdicts) {
    const message = toMessage(verdict);
    if (typeof message === "string") throw behindError(topic, present, head, message);
    wanted.push(message);
  }
  const last = wanted.at(-1);
  if (!last) return present;
  await writeMessageFiles(topic.paths, wanted);
  const allocator = allocatorAt(topic.paths, writer, last);
  writeAllocator(topic.paths, allocator);
  topic.notice(
    `seq ${from}–${last.message.seq} of "${topic.name}" came back from the fleet: this home was older`,
  );
  return allocator;
}

function toMessage(verdict: ChainVerdict): NamedMessage | string {
  if (verdict.kind === "message") return verdict.verified;
  return describeVerdict(verdict) ?? "";
}

function behindError(
  topic: OwnTopic,
  present: Allocator,
  head: KnownHead,
  why: string,
): UserError {
  return new UserError(
    `Cannot post to "${topic.name}": this home ends at seq ${present.last_seq} and ${head.seq} was posted from here, and the rest cannot be had: ${why}. Try again when the daemon and another envoy answer; if they are lost for good, run: vigo swarm poolq move ${topic.name} --lost-writer`,
    { exitCode: EXIT_CODE.unreachable },
  );
}
