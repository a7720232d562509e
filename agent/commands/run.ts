import { Command } from "@commander-js/extra-typings";
import type { ResourceReport, RunReport } from "../../shared/config/run_report.ts";
import { VERSION } from "../../shared/config/version.ts";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { CommandExit } from "../../shared/terminal/command_exit.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { RunEvent } from "../daemon/local_api.ts";
import { agentPaths } from "../store/agent_paths.ts";
import type { AgentContext } from "./context.ts";
import { explain } from "./explain.ts";
import { renderResource, renderSummary } from "./render_run.ts";

/** What came of a run, whoever made it. */
export interface RunResult {
  readonly report: RunReport | null;
  /** Why nothing was applied. */
  readonly notApplied: string | null;
  /** Why the server was not heard, as a clause. */
  readonly failure: string | null;
  /** Whether that is because the server does not know this machine, or no longer. */
  readonly isTurnedAway: boolean;
  /** Why the bundle that the server sent was not accepted. */
  readonly refusedBundle: string | null;
}

/** `vigo run`: a check-in and an application, now. */
export function runCommand(context: AgentContext, roots: () => RootPaths) {
  const command = new Command("run")
    .description("Check in and apply the policy now")
    .option("--dry-run", "show what would change, and change nothing")
    .option("--once", "do it in this process, without the daemon")
    .option("--json", "print the report as JSON")
    .action(async (flags) => {
      const onResource = (resource: ResourceReport) => {
        if (!flags.json) context.write(renderResource(resource));
      };
      const dryRun = flags.dryRun ?? false;
      const result = await explain(
        flags.once
          ? runHere(context, roots(), dryRun, onResource)
          : askDaemon(context, roots(), dryRun, onResource),
      );
      if (flags.json) context.write(jsonText(result));
      conclude(context, result, flags.json ?? false);
    });
  command.addHelpText(
    "after",
    "\nEnds with 0 when everything is as it should be, 1 when a resource failed or was\nblocked or the policy was refused, 4 when neither server nor cached policy was\nto be had, 5 when the server no longer knows this machine and there is no cached\npolicy either.",
  );
  return withExamples(command, [
    ["vigo run --dry-run", "see what the daemon would change"],
    ["vigo run --once", "apply without a daemon"],
  ]);
}

async function askDaemon(
  context: AgentContext,
  roots: RootPaths,
  dryRun: boolean,
  onResource: (resource: ResourceReport) => void,
): Promise<RunResult> {
  const { callDaemon, DaemonUnreachableError } = await import("../local/local_client.ts");
  const { controlSocket } = agentPaths(roots);
  let result: RunResult | undefined;
  const call = {
    method: "POST",
    path: "/run",
    body: { dryRun },
    signal: context.signal,
  } as const;
  try {
    await callDaemon(controlSocket, call, (line) => {
      // The daemon is this program's own; control.sock lets only its owner in.
      const event = JSON.parse(line) as RunEvent;
      if (event.kind === "resource") onResource(event.resource);
      else result = event;
    });
  } catch (error) {
    if (!(error instanceof DaemonUnreachableError)) throw error;
    const remedy = error.isForbidden ? "Run as root" : "Start it, or use --once";
    throw new UserError(`Cannot ask the daemon at ${controlSocket}: ${error.message}. ${remedy}`, {
      exitCode: error.isForbidden ? EXIT_CODE.notPermitted : EXIT_CODE.unreachable,
      cause: error,
    });
  }
  if (!result) {
    throw new UserError("The daemon stopped before the run was done", {
      exitCode: EXIT_CODE.unreachable,
    });
  }
  return result;
}

async function runHere(
  context: AgentContext,
  roots: RootPaths,
  dryRun: boolean,
  onResource: (resource: ResourceReport) => void,
): Promise<RunResult> {
  const { runOnce } = await import("../cycle/run_once.ts");
  const { explainFailure, isTurnedAway } = await import("../cycle/describe_failure.ts");
  const outcome = await runOnce({
    roots,
    agentVersion: VERSION,
    dryRun,
    signal: context.signal,
    onResource,
    note: (text) => context.writeError(`${text}\n`),
  });
  return {
    report: outcome.report ?? null,
    notApplied: outcome.notApplied ?? null,
    failure: outcome.failure ? explainFailure(outcome.failure) : null,
    isTurnedAway: outcome.failure !== undefined && isTurnedAway(outcome.failure),
    refusedBundle: outcome.refusedBundle ?? null,
  };
}

/** Prints what is left to say of a run, and ends with its status. */
export function conclude(
  context: Pick<AgentContext, "write" | "writeError">,
  result: RunResult,
  isJson: boolean,
): void {
  const { report, notApplied, failure, isTurnedAway, refusedBundle } = result;
  if (!report) {
    refuseIfBundleWas(refusedBundle);
    if (failure === null) {
      if (!isJson) context.write(`Nothing applied: ${notApplied}\n`);
      return;
    }
    throw new UserError(`Nothing applied: ${notApplied}; ${failure}`, {
      exitCode: isTurnedAway ? EXIT_CODE.notPermitted : EXIT_CODE.unreachable,
    });
  }
  if (!isJson) {
    if (failure !== null) {
      context.writeError(`Used the cached policy, since ${failure}\n`);
    }
    context.write(renderSummary(report));
  }
  refuseIfBundleWas(refusedBundle);
  if ((report.counts.failed ?? 0) + (report.counts.blocked ?? 0) > 0) {
    throw new CommandExit(EXIT_CODE.failed);
  }
}

/** A policy that cannot be believed is no success, even if the one before it was applied. */
function refuseIfBundleWas(reason: string | null): void {
  if (reason !== null) throw new UserError(`The server sent a policy that was refused: ${reason}`);
}
