import { DOMAIN } from "../../shared/canonical/domain.ts";
import type { Appointment } from "../../shared/poolq/appointment.ts";
import { type Message, messageBytes, messageId, NO_PREVIOUS } from "../../shared/poolq/message.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { storageFault } from "../store/storage_fault.ts";
import { type AllocatorWriter, noteOf } from "./allocator.ts";
import { choosePostStart } from "./choose_start.ts";
import { explainStorage } from "./explain_storage.ts";
import { fetchMissing } from "./fetch_missing.ts";
import type { FleetView } from "./fleet_view.ts";
import type { KnownHead } from "./known_head.ts";
import type { NamedMessage } from "./message_files.ts";
import { nextMessageTime } from "./message_time.ts";
import type { OwnTopic } from "./own_log.ts";
import { appoint, type KnownTopic, OwnTopics } from "./own_topics.ts";
import type { MessageSigner, PostContext } from "./post_context.ts";
import { POST_STEPS } from "./post_steps.ts";
import { repairTopic } from "./repair.ts";
import type { OwnTopicName } from "./topic_reference.ts";

/** A message that was posted. */
export interface PostedMessage extends NamedMessage {
  readonly seq: number;
}

/** What was posted: all of it, durably. */
export interface Posted {
  readonly topic: OwnTopicName;
  readonly messages: readonly PostedMessage[];
}

/**
 * Posts bodies to a topic, in their order, in one durable step: when this returns, they are there, whatever happens to the
 * machine; when it throws, either none of them ever will be, or the error says that the next post finishes them.
 *
 * The caller has checked the name, the bodies and the user's rights.
 *
 * @throws {UserError} with what to do.
 */
export async function postMessages(
  context: PostContext,
  signer: MessageSigner,
  topicName: string,
  bodies: readonly string[],
): Promise<Posted> {
  const topics = new OwnTopics(context);
  const found = await topics.find(topicName);
  const known = await topics.known(found.id);
  using topic = await topics.lock(found);
  const previous = await findPlace(topics, topic, known);
  const messages = await signAll(context, signer, found, previous, bodies);
  const appointment = previous.appointment ?? await appoint(signer, {
    topicId: topic.id,
    writer: context.hostname,
    headSeq: previous.seq,
    before: undefined,
  });
  await finish(context, topic, messages, { writer: context.hostname, appointment });
  return { topic: found, messages: messages.map((one) => ({ ...one, seq: one.message.seq })) };
}

interface Previous {
  readonly seq: number;
  readonly id: string;
  readonly postedAtMs: number;
  /** The puddle's word that this envoy writes the topic; absent if it has not given it yet. */
  readonly appointment: Appointment | undefined;
}

/** What the next message follows, after everything was repaired that needs it. */
async function findPlace(
  topics: OwnTopics,
  topic: OwnTopic,
  known: KnownTopic,
): Promise<Previous> {
  const { hostname, fleet } = topics.context;
  const told = topics.writer(topic, known);
  let local = await explainStorage(
    `post to "${topic.name}"`,
    topic.paths.folder,
    () => repairTopic(topic, told.writer === "" ? { writer: hostname } : told),
  );
  const writer = topics.writer(topic, known, local);
  const { appointment } = writer;
  const start = choosePostStart({
    topicName: topic.name,
    hostname,
    writer: writer.writer,
    ...(local ? { local: { seq: local.last_seq, id: local.last_msg_id } } : {}),
    ...(known.head ? { known: known.head } : {}),
  });
  if (start.kind === "behind" && local) {
    local = await fetchMissing(topic, fleet, local, { head: start.head, writer });
  }
  if (start.kind === "known") {
    noteLost(topic, known);
    const postedAtMs = await timeOf(topic, fleet, start.head);
    return { ...start.head, postedAtMs, appointment };
  }
  if (!local) return { seq: 0, id: NO_PREVIOUS, postedAtMs: 0, appointment };
  const { last_seq: seq, last_msg_id: id, last_posted_at_ms: postedAtMs } = local;
  return { seq, id, postedAtMs, appointment };
}

/** What was posted from here and is nowhere any more is not posted again in other words; whoever reads sees that it is missing. */
function noteLost({ name, notice }: OwnTopic, { head, lostAfterSeq }: KnownTopic): void {
  if (!head || lostAfterSeq === undefined) return;
  notice(
    `seq ${
      lostAfterSeq + 1
    }–${head.seq} of "${name}" were posted from here, and neither this home nor the fleet has them any more. This post goes on after them, so readers see that they are missing and the server takes no more of this topic; say it again in a topic of another name if they matter`,
  );
}

/** When a message of the fleet was posted; 0 if it cannot be had, and then times may run back once. */
async function timeOf(topic: OwnTopic, fleet: FleetView, { seq, id }: KnownHead): Promise<number> {
  try {
    const range = await fleet.range(topic.id, { from: seq, limit: 1 });
    const verdict = topic.verify(range?.messages[0] ?? "", { id, topicId: topic.id });
    return verdict.ok ? verdict.verified.message.posted_at_ms : 0;
  } catch (error) {
    if (error instanceof UserError) return 0;
    throw error;
  }
}

/** An id does not depend on a signature, so a whole chain is made first and signed at once. */
async function signAll(
  { clock, puddle }: PostContext,
  signer: MessageSigner,
  topic: OwnTopicName,
  previous: Previous,
  bodies: readonly string[],
): Promise<NamedMessage[]> {
  const { nowMs, isCorrected } = clock();
  const author = signer.publicKey;
  const { founder, name } = topic;
  const mayWrite = puddle.chain.judge({
    topicId: topic.id,
    founder,
    author,
    seq: previous.seq + 1,
  });
  if (!mayWrite.ok) {
    throw new UserError(`Cannot post to "${name}": ${mayWrite.reason}`, {
      exitCode: EXIT_CODE.refused,
    });
  }
  let before = previous;
  const unsigned = bodies.map((body) => {
    const timeMs = nextMessageTime(name, before.postedAtMs, nowMs, isCorrected);
    const message = {
      schema_version: 1 as const,
      topic_name: name,
      founder_pubkey: founder as Message["founder_pubkey"],
      author_pubkey: author as Message["author_pubkey"],
      seq: before.seq + 1,
      posted_at_ms: timeMs,
      prev: before.id as Message["prev"],
      body,
    };
    const id = messageId(message);
    before = { ...before, seq: message.seq, id, postedAtMs: timeMs };
    return { id, message };
  });
  return await Promise.all(unsigned.map(async ({ id, message }) => {
    const signature = await signer.sign(DOMAIN.poolqMessage, messageBytes(message));
    return { id, message: { ...message, signature: signature.toHex() } };
  }));
}

async function finish(
  { steps = POST_STEPS }: PostContext,
  { name, paths, lock }: OwnTopic,
  messages: readonly NamedMessage[],
  writer: AllocatorWriter,
): Promise<void> {
  try {
    await steps.writePending(paths, messages);
  } catch (error) {
    const fault = storageFault(error);
    if (fault === undefined) throw error;
    throw new UserError(`Cannot post to "${name}": ${fault}. Nothing was posted`, {
      exitCode: EXIT_CODE.failed,
      cause: error,
    });
  }
  try {
    await steps.placeMessages(paths, messages);
    await steps.countMessages(paths, writer, messages);
  } catch (error) {
    const fault = storageFault(error);
    if (fault === undefined) throw error;
    throw new UserError(
      `Cannot finish posting to "${name}": ${fault}. What was to be posted is kept in ${paths.pending}, and the next post puts it first: make room, and do not post it again`,
      { exitCode: EXIT_CODE.failed, cause: error },
    );
  }
  await steps.removePending(paths);
  const last = messages.at(-1);
  if (last) lock.writeNote(noteOf({ last_seq: last.message.seq, last_msg_id: last.id }));
}
