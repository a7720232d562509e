import { spawn } from "node:child_process";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { CommandExit } from "../../shared/terminal/command_exit.ts";
import { EXIT_CODE, type ExitCode } from "../../shared/terminal/exit_code.ts";
import { type Caller, findCaller, isCallerItself } from "../puddle/caller_home.ts";
import { LocalPuddleClient } from "../puddle/local_puddle_client.ts";
import { requireGrant } from "../puddle/require_grant.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { agentPaths } from "../store/agent_paths.ts";
import { storageFault } from "../store/storage_fault.ts";
import { switchUser } from "../system/user_switch.ts";
import { ownCommand } from "../puddle/own_command.ts";
import type { AgentContext } from "./context.ts";

/** What a verb of `vigo swarm puddle` works with. */
export interface PuddleVerb {
  readonly caller: Caller;
  readonly client: LocalPuddleClient;
}

/** How a verb is called. */
export interface PuddleVerbFlags {
  readonly user?: string | undefined;
}

/**
 * Runs a verb for the user that called it. Root that names a user runs the same command line again as that user and ends with
 * its status, since no path in a home is root's to open.
 *
 * @param needsGrant whether envoy and user must be admitted; to look, to lock and to leave needs no grant.
 */
export async function runPuddleVerb(
  { context, roots, needsGrant }: {
    readonly context: AgentContext;
    readonly roots: RootPaths;
    readonly needsGrant: boolean;
  },
  { user }: PuddleVerbFlags,
  work: (verb: PuddleVerb) => Promise<void>,
): Promise<void> {
  const caller = await findCaller(roots, user);
  if (!isCallerItself(caller)) throw new CommandExit(await runAs(caller, context));
  if (needsGrant) await requireGrant(roots, caller.name, "puddle");
  const client = new LocalPuddleClient(agentPaths(roots).agentSocket, caller);
  try {
    await work({ caller, client });
  } catch (error) {
    const fault = storageFault(error);
    if (fault === undefined) throw error;
    // All that these verbs write is in the home, wherever the rest of the agent lives.
    throw new UserError(
      `Cannot write the puddle of ${caller.name}: ${fault}. Make room where ${caller.home} is, and run this again`,
      { cause: error },
    );
  }
}

/** The same command line in a process of the user's own; the terminal goes with it. */
export function runAs({ uid, gid, home, name }: Caller, { env }: AgentContext): Promise<ExitCode> {
  const { argv, environment } = ownCommand();
  const kept = ["TERM", "LANG", "LC_ALL", "NO_COLOR", "VIGO_ROOT"].flatMap((variable) => {
    const value = env[variable];
    return value === undefined ? [] : [[variable, value] as const];
  });
  const as = switchUser(
    [...argv, ...Deno.args],
    { ...environment, ...Object.fromEntries(kept), HOME: home, USER: name },
    { uid, gid, groups: [] },
  );
  const [command, ...args] = as.argv;
  const child = spawn(command, args, { stdio: "inherit", env: { ...as.environment }, cwd: "/" });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(toExitCode(code)));
  });
}

function toExitCode(code: number | null): ExitCode {
  return Object.values(EXIT_CODE).find((known) => known === code) ?? EXIT_CODE.failed;
}
