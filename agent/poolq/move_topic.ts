import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { type Allocator, writeAllocator } from "./allocator.ts";
import { messagesChangedNs } from "./message_files.ts";
import { higherHead } from "./choose_start.ts";
import type { KnownHead } from "./known_head.ts";
import type { OwnTopic } from "./own_log.ts";
import { OwnTopics, type PostContext } from "./post.ts";
import { repairTopic } from "./repair.ts";
import type { OwnTopicName } from "./topic_reference.ts";

/** Who writes a topic from now on, and after which message. */
export interface Moved {
  readonly topic: OwnTopicName;
  readonly writer: string;
  readonly seq: number;
}

const HOSTNAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

/**
 * Hands a topic that is written from here over to another envoy. When this returns, nothing is posted from here any more;
 * the other envoy may post as soon as it has heard so.
 *
 * @throws {UserError} if the topic is not written from here.
 */
export async function moveTopic(
  context: PostContext,
  topicName: string,
  toHost: string,
): Promise<Moved> {
  const host = toHost.toLowerCase();
  if (!HOSTNAME.test(host)) {
    throw new UserError(`Cannot move "${topicName}" to "${toHost}": it is not a hostname`, {
      exitCode: EXIT_CODE.usage,
    });
  }
  const topics = new OwnTopics(context);
  const found = await topics.find(topicName);
  using topic = await topics.lock(found);
  const local = await repairTopic(topic, context.hostname) ??
    await comeHere(topics, topic, context.hostname);
  if (!local) {
    throw new UserError(
      `Cannot move "${topicName}": nothing was posted to it from here. Run this on the envoy that writes it, see "vigo swarm poolq topics"`,
    );
  }
  if (local.writer !== context.hostname && local.writer !== host) {
    throw new UserError(
      `Cannot move "${topicName}" from here: it is written from ${local.writer}. Run there: vigo swarm poolq move ${topicName} --to ${host}`,
      { exitCode: EXIT_CODE.refused },
    );
  }
  if (local.writer !== host) await writeAllocator(topic.paths, { ...local, writer: host });
  return { topic: found, writer: host, seq: local.last_seq };
}

/** A topic that came to this envoy, and to which it has not posted yet. */
async function comeHere(
  topics: OwnTopics,
  topic: OwnTopic,
  hostname: string,
): Promise<Allocator | undefined> {
  const known = await topics.knownHead(topic.id);
  return known?.writer === hostname ? await allocatorAfter(topic, known, hostname) : undefined;
}

/** An allocator for whoever goes on after a head that is not in this home. */
async function allocatorAfter(
  topic: OwnTopic,
  { seq, id }: KnownHead,
  writer: string,
): Promise<Allocator> {
  return {
    writer,
    last_seq: seq,
    last_msg_id: id as Allocator["last_msg_id"],
    last_posted_at_ms: 0,
    messages_changed_ns: await messagesChangedNs(topic.paths),
  };
}

/**
 * Makes this envoy the writer of a topic whose writer is gone for good, after the highest message that anybody here knows.
 * What the lost writer posted after that and nobody heard of will contradict what is posted next.
 *
 * @throws {UserError} if nothing is known of the topic.
 */
export async function takeOverTopic(context: PostContext, topicName: string): Promise<Moved> {
  const { hostname } = context;
  const topics = new OwnTopics(context);
  const found = await topics.find(topicName);
  const known = await topics.knownHead(found.id);
  using topic = await topics.lock(found);
  const local = await repairTopic(topic, hostname);
  const own = local && { seq: local.last_seq, id: local.last_msg_id, writer: local.writer };
  // At the same seq the home's own file counts: it was verified.
  const head = higherHead(own, known);
  if (!head) {
    throw new UserError(
      `Cannot take "${topicName}" over: neither this home nor the fleet knows it. Start the daemon if it does not run, or post: it is a new topic`,
    );
  }
  const isOwn = local !== undefined && local.last_seq === head.seq;
  const allocator = isOwn
    ? { ...local, writer: hostname }
    : await allocatorAfter(topic, head, hostname);
  await writeAllocator(topic.paths, allocator);
  return { topic: found, writer: hostname, seq: head.seq };
}
