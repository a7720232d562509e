import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { type Allocator, type AllocatorWriter, writeAllocator } from "./allocator.ts";
import { messagesChangedNs } from "./message_files.ts";
import { higherHead } from "./choose_start.ts";
import type { KnownHead } from "./known_head.ts";
import type { OwnTopic } from "./own_log.ts";
import { appoint, OwnTopics } from "./own_topics.ts";
import type { MessageSigner, PostContext } from "./post_context.ts";
import { repairTopic } from "./repair.ts";
import type { OwnTopicName } from "./topic_reference.ts";

/** Who writes a topic from now on, and after which message. */
export interface Moved {
  readonly topic: OwnTopicName;
  readonly writer: string;
  readonly seq: number;
  /** Whether another envoy wrote it before. */
  readonly isNews: boolean;
}

const HOSTNAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

/**
 * Hands a topic that is written from here over to another envoy. When this returns, nothing is posted from here any more;
 * the other envoy may post as soon as it has heard so.
 *
 * @throws {UserError} if the topic is not written from here, or there is no such envoy.
 */
export async function moveTopic(
  context: PostContext,
  signer: MessageSigner,
  topicName: string,
  toHost: string,
): Promise<Moved> {
  const { hostname } = context;
  const host = toHost.toLowerCase();
  if (!HOSTNAME.test(host)) {
    throw new UserError(`Cannot move "${topicName}" to "${toHost}": it is not a hostname`, {
      exitCode: EXIT_CODE.usage,
    });
  }
  const topics = new OwnTopics(context);
  const found = await topics.find(topicName);
  await requireEnrolled(context, topicName, host);
  const known = await topics.known(found.id);
  using topic = await topics.lock(found);
  const told = topics.writer(found, known);
  const own = await repairTopic(topic, told.writer === "" ? { writer: hostname } : told);
  const writer = topics.writer(found, known, own);
  // What came to this envoy may be passed on before anything was posted here.
  const local = own ??
    (known.head && writer.writer === hostname
      ? allocatorAfter(topic, known.head, writer)
      : undefined);
  if (!local) {
    throw new UserError(
      `Cannot move "${topicName}": nothing was posted to it from here. Run this on the envoy that writes it, see "vigo swarm poolq topics"`,
    );
  }
  if (writer.writer !== hostname && writer.writer !== host) {
    throw new UserError(
      `Cannot move "${topicName}" from here: it is written from ${writer.writer}. Run there: vigo swarm poolq move ${topicName} --to ${host}; if it is gone for good, run on the envoy that is to write: vigo swarm poolq move ${topicName} --lost-writer`,
      { exitCode: EXIT_CODE.refused },
    );
  }
  const isDone = writer.writer === host && writer.appointment !== undefined;
  const appointment = isDone ? writer.appointment : await appoint(signer, {
    topicId: topic.id,
    writer: host,
    headSeq: local.last_seq,
    before: writer.appointment,
  });
  writeAllocator(topic.paths, { ...local, writer: host, appointment });
  return { topic: found, writer: host, seq: local.last_seq, isNews: !isDone };
}

/** A topic that goes to an envoy that does not exist is written by nobody. */
async function requireEnrolled(
  { fleet, notice }: PostContext,
  topicName: string,
  host: string,
): Promise<void> {
  const isEnrolled = await fleet.isEnrolled(host);
  if (isEnrolled === false) {
    throw new UserError(
      `Cannot move "${topicName}" to ${host}: no envoy of that name is enrolled. See "vigo swarm peers list"`,
      { exitCode: EXIT_CODE.refused },
    );
  }
  if (isEnrolled === undefined) {
    notice(
      `nobody could say whether ${host} is enrolled; if it is not, nobody can post to "${topicName}" until it is taken over with: vigo swarm poolq move ${topicName} --lost-writer`,
    );
  }
}

/** An allocator for whoever goes on after a head that is not in this home. */
function allocatorAfter(
  topic: OwnTopic,
  { seq, id }: KnownHead,
  writer: AllocatorWriter,
): Allocator {
  return {
    ...writer,
    last_seq: seq,
    last_msg_id: id as Allocator["last_msg_id"],
    last_posted_at_ms: 0,
    messages_changed_ns: messagesChangedNs(topic.paths),
  };
}

/**
 * Makes this envoy the writer of a topic whose writer is gone for good, after the highest message that anybody here knows.
 * What the lost writer posted after that and nobody heard of will contradict what is posted next.
 *
 * @throws {UserError} if nothing is known of the topic.
 */
export async function takeOverTopic(
  context: PostContext,
  signer: MessageSigner,
  topicName: string,
): Promise<Moved> {
  const { hostname } = context;
  const topics = new OwnTopics(context);
  const found = await topics.find(topicName);
  const known = await topics.known(found.id);
  using topic = await topics.lock(found);
  const local = await repairTopic(topic, { writer: hostname });
  const own = local && { seq: local.last_seq, id: local.last_msg_id };
  // At the same seq the home's own file counts: it was verified.
  const head = higherHead(own, known.head);
  if (!head) {
    throw new UserError(
      `Cannot take "${topicName}" over: neither this home nor the fleet knows it. Start the daemon if it does not run, or post: it is a new topic`,
    );
  }
  const before = topics.writer(found, known, local).appointment;
  const writer = {
    writer: hostname,
    appointment: await appoint(signer, {
      topicId: topic.id,
      writer: hostname,
      headSeq: head.seq,
      before,
    }),
  };
  const isOwn = local !== undefined && local.last_seq === head.seq;
  const allocator = isOwn ? { ...local, ...writer } : allocatorAfter(topic, head, writer);
  writeAllocator(topic.paths, allocator);
  return { topic: found, writer: hostname, seq: head.seq, isNews: true };
}
