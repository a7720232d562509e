import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { type Moved, moveTopic, takeOverTopic } from "../poolq/move_topic.ts";
import { assertTopicName } from "../poolq/topic_reference.ts";
import { PuddleSession } from "../puddle/puddle_session.ts";
import type { AgentContext } from "./context.ts";
import { findPoolqCaller, postContext, requirePuddle } from "./poolq_caller.ts";

/** Where to, or that the present writer is gone. */
export interface MoveFlags {
  readonly to?: string | undefined;
  readonly lostWriter?: boolean | undefined;
  readonly yes?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly user?: string | undefined;
}

/** `vigo swarm poolq move`. */
export async function runMove(
  context: AgentContext,
  roots: RootPaths,
  topicName: string,
  { to, lostWriter, yes, json, user }: MoveFlags,
): Promise<void> {
  assertTopicName(topicName);
  if ((to === undefined) === (lostWriter !== true)) {
    throw new UserError(
      "Choose --to HOST, on the envoy that writes the topic, or --lost-writer, on the one that is to",
      { exitCode: EXIT_CODE.usage },
    );
  }
  const found = await findPoolqCaller(context, roots, user);
  await requirePuddle(found.caller.home);
  const own = await postContext(context, roots, found, await found.fleet.limits());
  if (to === undefined && !yes) await confirmTakeOver(context, topicName);
  using session = await PuddleSession.connect(found.caller.home, context.env);
  const moved = to === undefined
    ? await takeOverTopic(own, session, topicName)
    : await moveTopic(own, session, topicName, to);
  await found.fleet.hint(found.caller.name);
  context.write(json ? jsonText(toJson(moved)) : describe(moved, own.hostname));
}

async function confirmTakeOver(context: AgentContext, topicName: string): Promise<void> {
  const question =
    `Messages of "${topicName}" that its writer posted and the fleet never saw will read as equivocation. Is that envoy gone for good?`;
  if (await context.confirm?.(question)) return;
  throw new UserError(
    `Did not take "${topicName}" over: nobody said yes. Messages that the fleet never saw would read as equivocation; if its writer is gone for good, add --yes`,
    { exitCode: EXIT_CODE.refused },
  );
}

function toJson({ topic, writer, seq, isNews }: Moved) {
  return { topic_id: topic.id, topic_name: topic.name, writer, last_seq: seq, changed: isNews };
}

function describe({ topic, writer, seq, isNews }: Moved, hostname: string): string {
  if (!isNews) {
    return `Topic ${topic.name} is written from ${
      writer === hostname ? "here" : writer
    } already, after seq ${seq}; nothing changed\n`;
  }
  return writer === hostname
    ? `Topic ${topic.name} is written from here now, after seq ${seq}\n`
    : `Topic ${topic.name} is written from ${writer} now, after seq ${seq}; post there once it has heard so\n`;
}
