import { Command } from "@commander-js/extra-typings";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { CommandExit } from "../../shared/terminal/command_exit.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { callDaemon, DaemonUnreachableError } from "../local/local_client.ts";
import { agentPaths } from "../store/agent_paths.ts";
import type { CleanUp } from "../swarm/blobs/stale_partials.ts";
import type { AgentContext } from "./context.ts";
import { explain } from "./explain.ts";

/**
 * `vigo swarm _apply-cleanup`: what `vigocli swarm cleanup` runs on each machine. The daemon does the work, so that it cannot
 * get in the way of a download.
 */
export function applyCleanupCommand(context: AgentContext, roots: () => RootPaths) {
  const command = new Command("_apply-cleanup")
    .description("Remove links that lead nowhere, and what was left of finished downloads")
    .action(async () => {
      const { controlSocket } = agentPaths(roots());
      const { danglingLinks, stalePartials, errors } = await explain(
        askDaemon(controlSocket, context.signal),
      );
      context.write(
        `swarm cleanup: dangling_symlinks=${danglingLinks} stale_partials=${stalePartials} errors=${errors}\n`,
      );
      if (errors > 0) throw new CommandExit(EXIT_CODE.failed);
    });
  return withExamples(command, [["vigo swarm _apply-cleanup", "as a task of the fleet does"]]);
}

async function askDaemon(controlSocket: string, signal: AbortSignal): Promise<CleanUp> {
  let answer: CleanUp | undefined;
  try {
    await callDaemon(controlSocket, { method: "POST", path: "/swarm/clean", signal }, (line) => {
      // The daemon is this executable, and its answer this type.
      answer = JSON.parse(line) as CleanUp;
    });
  } catch (error) {
    if (!(error instanceof DaemonUnreachableError)) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UserError(reason, { cause: error });
    }
    const remedy = error.isForbidden ? "Run as root" : "Start it first";
    throw new UserError(`Cannot ask the daemon at ${controlSocket}: ${error.message}. ${remedy}`, {
      exitCode: error.isForbidden ? EXIT_CODE.notPermitted : EXIT_CODE.unreachable,
      cause: error,
    });
  }
  if (answer) return answer;
  throw new UserError("The daemon stopped before it was done", { exitCode: EXIT_CODE.unreachable });
}
