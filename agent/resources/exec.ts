import { type ExecParams, execSchema } from "../../shared/config/resources/exec.ts";
import type { Command } from "../../shared/config/resources/parameters.ts";
import { describeFailure, type ProgramResult } from "../system/processes.ts";
import { type Identity, resolveIdentity } from "./identity.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  IN_SYNC,
  type ResourceType,
  unknown,
} from "./resource.ts";

/** Guards look at things; one that takes longer than this does something else. */
const GUARD_TIMEOUT_SECONDS = 60;

/**
 * A command. Its state is what its guards say; they run in dry runs too and must change nothing. A command without guards
 * has no state, and one that was notified ran for what had changed elsewhere: neither is expected to settle.
 */
export const exec: ResourceType<ExecParams> = {
  type: "exec",
  schema: execSchema,
  check,
  apply,
  settles: (params, { notified }) =>
    !notified &&
    (params.creates ?? params.onlyif ?? params.unless) !== undefined,
  reliesOnOthers: ({ onlyif, unless }) => (onlyif ?? unless) !== undefined,
};

async function check(params: ExecParams, context: ApplyContext): Promise<Finding> {
  if (params.creates !== undefined && await context.files.inspect(params.creates) !== undefined) {
    return IN_SYNC;
  }
  const identity = await resolveIdentity(params.user, context);
  if (!identity.ok) {
    const { user = "" } = params;
    const willRun = guardsOf(params).length === 0 && context.foreseen?.has("user", user) === true;
    return willRun ? differences([`run: ${show(params.command)}`]) : unknown(identity.reason);
  }
  for (const { guard, runsOn } of guardsOf(params)) {
    const result = await run(guard, GUARD_TIMEOUT_SECONDS, params, identity, context);
    if (result.end !== "exited") return unknown(describeFailure(`guard "${show(guard)}"`, result));
    if ((result.status === 0) !== runsOn) return IN_SYNC;
  }
  return differences([`run: ${show(params.command)}`]);
}

async function apply(params: ExecParams, context: ApplyContext): Promise<Change> {
  const identity = await resolveIdentity(params.user, context);
  if (!identity.ok) throw new Error(identity.reason);
  const result = await run(params.command, params.timeout, params, identity, context);
  if (result.end === "exited" && params.returns.includes(result.status)) return "updated";
  throw new Error(describeFailure(`"${show(params.command)}"`, result));
}

/** `runsOn`: whether the guard's success or its failure lets the command run. */
function guardsOf({ onlyif, unless }: ExecParams): { guard: Command; runsOn: boolean }[] {
  return [
    ...(onlyif === undefined ? [] : [{ guard: onlyif, runsOn: true }]),
    ...(unless === undefined ? [] : [{ guard: unless, runsOn: false }]),
  ];
}

function run(
  command: Command,
  timeoutSeconds: number,
  { cwd, environment }: ExecParams,
  { program }: Extract<Identity, { ok: true }>,
  { processes, signal }: ApplyContext,
): Promise<ProgramResult> {
  return processes.run({
    argv: toArgv(command),
    ...program,
    environment: { ...program.environment, ...environment },
    ...(cwd === undefined ? {} : { cwd }),
    timeoutMs: timeoutSeconds * 1000,
    signal,
  });
}

function toArgv(command: Command): readonly [string, ...string[]] {
  if (typeof command === "string") return ["/bin/sh", "-c", command];
  const [program, ...args] = command;
  // The schema admits no empty list.
  if (program === undefined) throw new Error("unreachable: a command without words");
  return [program, ...args];
}

function show(command: Command): string {
  return typeof command === "string" ? command : command.join(" ");
}
