import { basename } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Command } from "../../shared/config/resources/parameters.ts";
import { acceptedPattern } from "../../shared/config/resources/linear_pattern.ts";
import { type ProcessParams, processSchema } from "../../shared/config/resources/process.ts";
import { PROGRAM_FOLDERS, PROGRAMS } from "../../shared/guardrails/protected_names.ts";
import { describeFailure } from "../system/processes.ts";
import type { ProcessTable, RunningProcess } from "../system/process_table/process_table.ts";
import { resolveIdentity } from "./identity.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  IN_SYNC,
  type ResourceType,
  unknown,
} from "./resource.ts";

/** Where Vigo's programs lie; the one that runs now also if it was installed elsewhere. */
const PROTECTED_EXECUTABLES: ReadonlySet<string> = new Set([
  ...PROGRAM_FOLDERS.flatMap((folder) => PROGRAMS.map((program) => `${folder}/${program}`)),
  ...[Deno.execPath()].filter((path) => PROGRAMS.includes(basename(path))),
]);
/** Between two looks at whether a process came or went. */
const POLL_MS = 50;
/** For the shell that starts a process and leaves it. */
const START_TIMEOUT_MS = 10_000;
/** Of a command line in a diff: enough to tell which process is meant. */
const MAX_SHOWN_LENGTH = 200;
/** Command lines that are searched without a pause. */
const SEARCHED_AT_ONCE = 16;
/** Most processes that a diff names one by one. */
const MAX_SHOWN = 10;

/**
 * Starts its arguments in a session of their own, so that they go on when the shell's process group is ended. The inner
 * shell has left the group for sure before the outer one goes on.
 */
const START_SCRIPT = `setsid /bin/sh -c '"$@" </dev/null >/dev/null 2>&1 &' sh "$@"
status=$?
exit $status`;

type SignallingParams = Exclude<ProcessParams, { ensure: "running" }>;

/** Processes by the name of their program or by a pattern over their command lines. */
export const process: ResourceType<ProcessParams> = {
  type: "process",
  schema: processSchema,
  check,
  apply,
};

async function check(params: ProcessParams, context: ApplyContext): Promise<Finding> {
  const { processTable: table } = context.host;
  if (!table.ok) return unknown(table.reason);
  if (params.ensure === "signalled" && !context.notified) return IN_SYNC;
  const owner = await findOwner(params, context);
  if (!owner.ok) return unknown(owner.reason);
  const found = await findMatching(params, owner.uid, table.provider, context.signal);
  if (params.ensure === "running") {
    if (found.length > 0) return IN_SYNC;
    return params.command === undefined
      ? unknown(`no process "${labelOf(params)}" runs; give a "command" that starts it`)
      : differences([`process ${labelOf(params)}: not running → ${show(params.command)}`]);
  }
  const { meant, kept } = await partition(found, table.provider);
  const [first] = kept;
  if (meant.length === 0 && first !== undefined) {
    return unknown(
      `"${labelOf(params)}" means Vigo itself or what started it: process ${first.pid}`,
    );
  }
  const act = params.ensure === "stopped" ? "stop by" : "send";
  const lines = meant.slice(0, MAX_SHOWN).map(({ pid, commandLine }) =>
    `process ${pid} (${commandLine.slice(0, MAX_SHOWN_LENGTH)}): ${act} ${params.signal}`
  );
  const more = meant.length - lines.length;
  if (more > 0) lines.push(`and ${more} more: ${act} ${params.signal}`);
  if (first !== undefined) {
    const pids = kept.slice(0, MAX_SHOWN).map(({ pid }) => pid).join(", ");
    lines.push(`left alone, Vigo itself or what started it: process ${pids}`);
  }
  return differences(lines);
}

async function apply(params: ProcessParams, context: ApplyContext): Promise<Change> {
  const { processTable: table } = context.host;
  if (!table.ok) throw new Error(table.reason);
  const owner = await findOwner(params, context);
  if (!owner.ok) throw new Error(owner.reason);
  const look = () => findMatching(params, owner.uid, table.provider, context.signal);
  if (params.ensure === "running") {
    if (params.command === undefined) throw new Error(`no process "${labelOf(params)}" runs`);
    await start(params.command, params.user, context);
    if (await waitUntil(async () => (await look()).length > 0, params, context)) return "created";
    throw new Error(
      `"${show(params.command)}" was started, but after ${params.timeout} s no process is called "${
        labelOf(params)
      }"`,
    );
  }
  const { meant } = await partition(await look(), table.provider);
  for (const one of meant) await table.provider.signal(one, params.signal);
  if (params.ensure === "signalled") return "updated";
  await waitForEnd(meant, params, table.provider, context);
  return "deleted";
}

/** A process that another program starts again at once has another pid: that is for `service` to stop. */
async function waitForEnd(
  meant: readonly RunningProcess[],
  params: SignallingParams,
  table: ProcessTable,
  context: ApplyContext,
): Promise<void> {
  const remaining = async () => {
    const now = await table.list();
    return meant.filter(({ pid, startedAt }) =>
      now.some((other) => other.pid === pid && other.startedAt === startedAt)
    );
  };
  if (await waitUntil(async () => (await remaining()).length === 0, params, context)) return;
  const [left] = await remaining();
  if (left === undefined) return;
  throw new Error(
    `process ${left.pid} (${left.name}) still runs ${params.timeout} s after ${params.signal}; ` +
      'use "signal: KILL" or a longer "timeout"',
  );
}

async function waitUntil(
  isDone: () => Promise<boolean>,
  { timeout }: ProcessParams,
  { signal }: ApplyContext,
): Promise<boolean> {
  const deadline = performance.now() + timeout * 1000;
  while (!await isDone()) {
    signal.throwIfAborted();
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return true;
}

async function start(
  command: Command,
  user: string | undefined,
  context: ApplyContext,
): Promise<void> {
  const identity = await resolveIdentity(user, context);
  if (!identity.ok) throw new Error(identity.reason);
  const words = typeof command === "string" ? ["/bin/sh", "-c", command] : command;
  const result = await context.processes.run({
    argv: ["/bin/sh", "-c", START_SCRIPT, "sh", ...words],
    ...identity.program,
    timeoutMs: START_TIMEOUT_MS,
    signal: context.signal,
  });
  if (result.end === "exited" && result.status === 0) return;
  throw new Error(describeFailure(`Starting "${show(command)}"`, result));
}

type Owner =
  | { readonly ok: true; readonly uid: number | undefined }
  | { readonly ok: false; readonly reason: string };

async function findOwner({ user }: ProcessParams, { accounts }: ApplyContext): Promise<Owner> {
  if (user === undefined) return { ok: true, uid: undefined };
  const entry = await accounts.findUser(user);
  return entry === undefined
    ? { ok: false, reason: `there is no user "${user}" on this machine` }
    : { ok: true, uid: entry.uid };
}

async function findMatching(
  { name, pattern }: ProcessParams,
  uid: number | undefined,
  table: ProcessTable,
  signal: AbortSignal,
): Promise<readonly RunningProcess[]> {
  const accepted = pattern === undefined ? undefined : acceptedPattern(pattern);
  const found: RunningProcess[] = [];
  for (const [index, one] of (await table.list()).entries()) {
    // A user may have thousands of processes with long command lines: the agent goes on answering, and can be ended.
    if (index % SEARCHED_AT_ONCE === 0) await setImmediate();
    signal.throwIfAborted();
    if (uid !== undefined && one.uid !== uid) continue;
    if (accepted?.test(one.commandLine) ?? one.name === name) found.push(one);
  }
  return found;
}

/**
 * Those that a signal may go to, and those that are left alone: this process and its parents, and Vigo's programs, of
 * which the daemon may be another process than this one. They are known by where they are installed; a name is free for
 * everyone to take.
 */
async function partition(found: readonly RunningProcess[], table: ProcessTable) {
  const meant: RunningProcess[] = [], kept: RunningProcess[] = [];
  for (const one of found) {
    const isOwn = table.protectedPids.includes(one.pid) ||
      PROTECTED_EXECUTABLES.has(await table.executableOf(one) ?? "");
    (isOwn ? kept : meant).push(one);
  }
  return { meant, kept };
}

function labelOf({ name, pattern }: ProcessParams): string {
  return pattern ?? name;
}

function show(command: Command): string {
  return typeof command === "string" ? command : command.join(" ");
}
