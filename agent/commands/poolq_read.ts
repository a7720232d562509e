import { setTimeout as delay } from "node:timers/promises";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { type ChainVerdict, describeVerdict } from "../../shared/poolq/chain.ts";
import { CommandExit } from "../../shared/terminal/command_exit.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { deliver, type Delivered, type ReaderPosition } from "../poolq/deliver.ts";
import { type MessageFormat, MessageOutput } from "../poolq/delivery_output.ts";
import type { FleetView } from "../poolq/fleet_view.ts";
import type { PoolqPaths } from "../poolq/poolq_paths.ts";
import { type Offset, OWN_GROUP, Subscriptions } from "../poolq/subscriptions.ts";
import type { AgentContext } from "./context.ts";
import {
  findPoolqCaller,
  type NamedTopic,
  noticeOn,
  openFleetView,
  resolveTopic,
} from "./poolq_caller.ts";
import { noSubscription } from "./poolq_subscriptions.ts";

/** What `read` and `tail` have in common. */
export interface ReadFlags {
  readonly limit?: number | undefined;
  readonly follow?: boolean | undefined;
  readonly format?: "text" | "json" | "body" | undefined;
  readonly json?: boolean | undefined;
  readonly skipBad?: boolean | undefined;
  readonly user?: string | undefined;
}

/** How many messages `tail` shows if nothing is said. */
export const DEFAULT_TAIL = 10;
/** How long the daemon waits for a message before it answers that there is none, in s. */
const WAIT_SECS = 25;
/** How long before the daemon is asked again when it did not answer, or knows nothing of a topic yet, in ms. */
const RETRY_MS = 1_000;

/** `vigo swarm poolq read`. */
export async function runRead(
  context: AgentContext,
  roots: RootPaths,
  topicText: string,
  flags: ReadFlags & { readonly group?: string | undefined },
): Promise<void> {
  const { paths, fleet } = await findPoolqCaller(context, roots, flags.user);
  const topic = await resolveTopic(context, roots, topicText, flags.user);
  const group = flags.group ?? OWN_GROUP;
  const output = openOutput(context, flags);
  const problem = await forEver(context, flags, fleet, topic, async () => {
    const delivered = await readOnce(context, { paths, fleet, topic, group, flags, output });
    return { delivered, next: delivered.position.seq + 1 };
  });
  finish(context, flags, output, topic, problem);
}

interface Reading {
  readonly paths: PoolqPaths;
  readonly fleet: FleetView;
  readonly topic: NamedTopic;
  readonly group: string;
  readonly flags: ReadFlags;
  readonly output: MessageOutput;
}

/** Reads what there is, under the lock of the subscriptions: nobody else moves the offset meanwhile. */
async function readOnce(context: AgentContext, reading: Reading): Promise<Delivered> {
  const { paths, fleet, topic, group, flags, output } = reading;
  const notice = noticeOn(context);
  using subscriptions = await Subscriptions.open(paths, notice, context.signal);
  const offset = subscriptions.offset(topic.id, group);
  if (!offset) throw noSubscription(topic);
  const after: ReaderPosition = {
    seq: offset.offset_seq,
    ...(offset.offset_id === undefined ? {} : { id: offset.offset_id }),
  };
  return await deliver(fleet, {
    topicId: topic.id,
    after,
    limit: flags.limit ?? Infinity,
    skipBad: flags.skipBad ?? false,
  }, {
    notice,
    messages: async (messages, { seq, id }) => {
      write(context, output.render(messages));
      const moved = { offset_seq: seq, ...(id === undefined ? {} : { offset_id: id }) };
      // Proven by the reader: the id of a message that it verified.
      await subscriptions.setOffset(topic.id, group, moved as Offset);
    },
  });
}

/** `vigo swarm poolq tail`. */
export async function runTail(
  context: AgentContext,
  roots: RootPaths,
  topicText: string,
  flags: ReadFlags,
): Promise<void> {
  const fleet = openFleetView(context, roots);
  const topic = await resolveTopic(context, roots, topicText, flags.user);
  const output = openOutput(context, flags);
  const wanted = flags.limit ?? DEFAULT_TAIL;
  // What this machine holds may be behind; and a daemon that is away answers a head with nothing.
  const head = await fleet.findHead(topic.id) ??
    await fleet.range(topic.id, { from: 1, limit: 1 });
  if (!head && !flags.follow) throw unknownTopic(topic);
  let after: ReaderPosition = {
    seq: Math.max((head?.firstSeq ?? 1) - 1, (head?.headSeq ?? 0) - wanted, 0),
  };
  const problem = await forEver(context, flags, fleet, topic, async () => {
    const delivered = await deliver(fleet, {
      topicId: topic.id,
      after,
      limit: flags.follow ? Infinity : wanted,
      skipBad: flags.skipBad ?? false,
    }, {
      notice: noticeOn(context),
      messages: (messages, position) => {
        write(context, output.render(messages));
        // At once: what comes next may fail, and none is to be shown twice.
        after = position;
        return Promise.resolve();
      },
    });
    after = delivered.position;
    return { delivered, next: after.seq + 1 };
  });
  finish(context, flags, output, topic, problem);
}

/**
 * Does it once, or again whenever there is more, until the person interrupts.
 *
 * @returns what stopped it, if something did.
 */
async function forEver(
  context: AgentContext,
  flags: ReadFlags,
  fleet: FleetView,
  topic: NamedTopic,
  once: () => Promise<{ readonly delivered: Delivered; readonly next: number }>,
): Promise<ChainVerdict | undefined> {
  let total = 0, isSilent = false;
  for (;;) {
    try {
      const { delivered, next } = await once();
      total += delivered.count;
      if (delivered.problem) return delivered.problem;
      if (!flags.follow) {
        if (total === 0) sayNothingNew(context, flags, delivered, topic);
        return undefined;
      }
      const range = delivered.isUnknown
        ? undefined
        : await fleet.range(topic.id, { from: next, limit: 1, waitSecs: WAIT_SECS });
      if (!range) await delay(RETRY_MS, undefined, { signal: context.signal });
      isSilent = false;
    } catch (error) {
      const isAway = error instanceof UserError && error.exitCode === EXIT_CODE.unreachable;
      if (!isAway || !flags.follow) throw error;
      if (!isSilent) noticeOn(context)(`${error.message}; waiting for it`);
      isSilent = true;
      await delay(RETRY_MS, undefined, { signal: context.signal });
    }
  }
}

function openOutput(context: AgentContext, flags: ReadFlags): MessageOutput {
  if (flags.json && flags.format) {
    throw new UserError("Choose --json or --format: --json is one document", {
      exitCode: EXIT_CODE.usage,
    });
  }
  // A document has an end; what is followed has none.
  const format: MessageFormat = flags.json
    ? flags.follow ? "json" : "document"
    : flags.format ?? "text";
  return new MessageOutput(format, context.isTerminal);
}

/** A document is complete also when something stopped it. */
function finish(
  context: AgentContext,
  flags: ReadFlags,
  output: MessageOutput,
  topic: NamedTopic,
  problem: ChainVerdict | undefined,
): void {
  if (!flags.follow) context.write(output.end());
  if (problem) throw stopped(topic, problem);
}

/** An offset may move on only past what somebody got. */
function write(context: AgentContext, text: string): void {
  if (context.write(text) === false) throw new CommandExit(EXIT_CODE.failed);
}

function sayNothingNew(
  context: AgentContext,
  flags: ReadFlags,
  { isUnknown }: Delivered,
  { name, id }: NamedTopic,
): void {
  if (isUnknown) noticeOn(context)(`nobody here has heard of the topic ${name || id}`);
  if (!flags.json && (flags.format ?? "text") === "text") context.write("No new messages\n");
}

function unknownTopic({ name, id }: NamedTopic): UserError {
  return new UserError(
    name === ""
      ? `Cannot show the topic ${id}: neither the server nor an envoy that answers knows it. See "vigo swarm poolq topics"`
      : `Cannot show the topic ${name}: nothing was posted to it, as far as the fleet knows. See "vigo swarm poolq topics"`,
  );
}

function stopped(
  { name, id }: NamedTopic,
  problem: ChainVerdict,
): UserError {
  const what = sanitize(describeVerdict(problem) ?? "");
  const remedy = problem.kind === "equivocation"
    ? "Its author posted from two machines, or from a restored one; nothing after that can be believed"
    : problem.kind === "missing"
    ? "Try again when more envoys answer, or go on past it with --skip-bad"
    : "Go on past it with --skip-bad";
  return new UserError(`Cannot read on in ${name || id.slice(0, 12)}: ${what}. ${remedy}`);
}
