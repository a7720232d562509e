import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { OWN_GROUP, Subscriptions } from "../poolq/subscriptions.ts";
import type { AgentContext } from "./context.ts";
import { findPoolqCaller, type NamedTopic, noticeOn, resolveTopic } from "./poolq_caller.ts";

/** Which offset of a subscription is meant, and how it is printed. */
export interface OffsetFlags {
  readonly group?: string | undefined;
  readonly json?: boolean | undefined;
  readonly user?: string | undefined;
}

/** What a verb that needs a subscription says without one. */
export function noSubscription({ name, id }: NamedTopic): UserError {
  const topic = name || id;
  return new UserError(
    `No subscription to ${topic}. Run: vigo swarm poolq subscribe ${topic}`,
    { exitCode: EXIT_CODE.failed },
  );
}

/** `vigo swarm poolq subscribe`. */
export async function runSubscribe(
  context: AgentContext,
  roots: RootPaths,
  topicText: string,
  { json, user }: OffsetFlags,
): Promise<void> {
  const { paths, fleet } = await findPoolqCaller(context, roots, user);
  const topic = await resolveTopic(context, roots, topicText, user);
  const name = topic.name || (await fleet.findHead(topic.id))?.name || "";
  using subscriptions = await Subscriptions.open(paths, noticeOn(context), context.signal);
  const isNew = subscriptions.find(topic.id) === undefined;
  const { topic_name, offset_seq } = await subscriptions.subscribe(topic.id, name);
  if (json) {
    context.write(jsonText({ topic_id: topic.id, topic_name, offset_seq, new: isNew }));
    return;
  }
  const what = topic_name || topic.id;
  context.write(
    isNew
      // A bare name means a topic of one's own, so that one of somebody else is read by its id.
      ? `Subscribed to ${what}; "vigo swarm poolq read ${
        topic.name || topic.id
      }" begins with its first message\n`
      : `Subscribed to ${what} already, at offset ${offset_seq}\n`,
  );
}

/** `vigo swarm poolq seek`. */
export async function runSeek(
  context: AgentContext,
  roots: RootPaths,
  topicText: string,
  seq: number,
  { group = OWN_GROUP, json, user }: OffsetFlags,
): Promise<void> {
  const { paths } = await findPoolqCaller(context, roots, user);
  const topic = await resolveTopic(context, roots, topicText, user);
  using subscriptions = await Subscriptions.open(paths, noticeOn(context), context.signal);
  if (!subscriptions.find(topic.id)) throw noSubscription(topic);
  const offset = { offset_seq: Math.max(0, seq - 1) };
  await subscriptions.setOffset(topic.id, group, offset);
  context.write(
    json
      ? jsonText({ topic_id: topic.id, ...offset })
      : `The next read of ${topic.name || topic.id} begins with seq ${offset.offset_seq + 1}\n`,
  );
}

/** `vigo swarm poolq offset`. */
export async function runOffset(
  context: AgentContext,
  roots: RootPaths,
  topicText: string,
  { group = OWN_GROUP, json, user }: OffsetFlags,
): Promise<void> {
  const { paths } = await findPoolqCaller(context, roots, user);
  const topic = await resolveTopic(context, roots, topicText, user);
  using subscriptions = await Subscriptions.open(paths, noticeOn(context), context.signal);
  const offset = subscriptions.offset(topic.id, group);
  if (!offset) throw noSubscription(topic);
  context.write(
    json
      ? jsonText({ topic_id: topic.id, offset_seq: offset.offset_seq })
      : `${offset.offset_seq}\n`,
  );
}
