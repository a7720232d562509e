import type { Sha256 } from "../../shared/crypto/sha256.ts";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { CommandExit } from "../../shared/terminal/command_exit.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { DaemonView, type FleetLimits, type FleetView } from "../poolq/fleet_view.ts";
import { readKnownHeads } from "../poolq/known_head.ts";
import { type PoolqPaths, poolqPaths } from "../poolq/poolq_paths.ts";
import { OwnTopics } from "../poolq/own_topics.ts";
import type { PostContext } from "../poolq/post_context.ts";
import { Subscriptions } from "../poolq/subscriptions.ts";
import { parseTopicReference } from "../poolq/topic_reference.ts";
import { type Caller, findCaller, isCallerItself } from "../puddle/caller_home.ts";
import { type Puddle, readPuddle } from "../puddle/puddle_home.ts";
import { PuddleAbsentError } from "../puddle/puddle_session.ts";
import { agentPaths } from "../store/agent_paths.ts";
import { NotEnrolledError, readEnrolment } from "../store/identity.ts";
import type { AgentContext } from "./context.ts";
import { runAs } from "./puddle_caller.ts";

/** The user who runs a verb of `vigo swarm poolq`, and what the verb reaches. */
export interface PoolqCaller {
  readonly caller: Caller;
  readonly paths: PoolqPaths;
  readonly fleet: FleetView;
}

/** What the daemon of this machine tells. */
export function openFleetView(context: AgentContext, roots: RootPaths): FleetView {
  return new DaemonView(agentPaths(roots).agentSocket, context.signal);
}

/**
 * Whose queues a verb is about. Root that names a user runs the same command line again as that user, since homes are hostile
 * to root; the verb then ends with its status.
 *
 * @param named the value of `--user`.
 * @throws {UserError} if nobody's home can be meant, as when root names nobody.
 */
export async function findPoolqCaller(
  context: AgentContext,
  roots: RootPaths,
  named: string | undefined,
): Promise<PoolqCaller> {
  const caller = await findCaller(roots, named);
  if (!isCallerItself(caller)) throw new CommandExit(await runAs(caller, context));
  return { caller, paths: poolqPaths(caller.home), fleet: openFleetView(context, roots) };
}

/** Sentences that are no answer go to standard error, safe for a terminal. */
export function noticeOn(context: AgentContext): (text: string) => void {
  return (text) => void context.writeError(`note: ${sanitize(text)}\n`);
}

/** @throws {PuddleAbsentError} if the user has none. */
export async function requirePuddle(home: string): Promise<Puddle> {
  const puddle = await readPuddle(home);
  if (!puddle) throw new PuddleAbsentError();
  return puddle;
}

/** What changing the topics of a user needs. */
export async function postContext(
  context: AgentContext,
  roots: RootPaths,
  { caller, fleet }: PoolqCaller,
  limits: FleetLimits | undefined,
): Promise<PostContext> {
  const { configFolder, stateFolder } = agentPaths(roots);
  const hostname = limits?.hostname ?? (await readEnrolment(configFolder))?.hostname;
  if (hostname === undefined) throw new NotEnrolledError(configFolder);
  const aheadMs = limits ? limits.nowMs - context.now() : 0;
  return {
    home: caller.home,
    user: caller.name,
    hostname,
    puddle: await requirePuddle(caller.home),
    fleet,
    remembered: await readKnownHeads(stateFolder, caller.name),
    clock: () => ({ nowMs: context.now() + aheadMs, isCorrected: limits !== undefined }),
    notice: noticeOn(context),
    signal: context.signal,
  };
}

/** A topic that is read: its id, and its name if that is known. */
export interface NamedTopic {
  readonly id: Sha256;
  readonly name: string;
}

/** What may be the beginning of an id; such a text may be a name as well, which counts first. */
const ID_PREFIX = /^[0-9a-f]{8,63}$/;

/**
 * The topic that an argument means: an id stands for itself, a name for the topic that this user founded under it. The
 * beginning of an id, of at least 8 digits, is enough where it is no such name, and one topic alone that this user subscribed
 * to or the fleet knows begins so.
 *
 * @throws {UserError} if it is none of these, means several topics, or is a name of a user without a puddle.
 */
export async function resolveTopic(
  context: AgentContext,
  roots: RootPaths,
  topic: string,
  user: string | undefined,
): Promise<NamedTopic> {
  const reference = parseTopicReference(topic);
  if (reference.kind === "id") return { id: reference.id, name: "" };
  const found = await findPoolqCaller(context, roots, user);
  const findOwn = async () => {
    const limits = await found.fleet.limits();
    return await new OwnTopics(await postContext(context, roots, found, limits))
      .find(reference.name);
  };
  if (!ID_PREFIX.test(reference.name)) return await findOwn();
  const own = await readPuddle(found.caller.home) && await findOwn();
  if (own?.isKnown) return own;
  const [id, another] = await idsFrom(context, found, reference.name);
  if (another !== undefined) {
    throw new UserError(`Several topics begin with ${reference.name}: give more digits`, {
      exitCode: EXIT_CODE.usage,
    });
  }
  return id === undefined ? own ?? await findOwn() : { id, name: "" };
}

/** The ids of topics that begin so; those of subscriptions alone where no daemon answers. */
async function idsFrom(
  context: AgentContext,
  { paths, fleet }: PoolqCaller,
  prefix: string,
): Promise<Sha256[]> {
  using subscriptions = await Subscriptions.open(paths, noticeOn(context), context.signal);
  const known = subscriptions.list().map(([id]) => id);
  try {
    known.push(...(await fleet.topics()).topics.map(({ topicId }) => topicId));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
  return [...new Set(known)].filter((id) => id.startsWith(prefix));
}
