import { Command } from "@commander-js/extra-typings";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { DurationError, parseDuration } from "../../shared/terminal/duration.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { agentPaths } from "../store/agent_paths.ts";
import {
  describePause,
  MAX_PAUSE_REASON_LENGTH,
  nameOfOperator,
  type Pause,
  readPause,
  writePause,
} from "../store/pause.ts";
import type { AgentContext } from "./context.ts";
import { explain } from "./explain.ts";
import { openDatabase } from "./open_database.ts";
import { wakeDaemon } from "./wake_daemon.ts";

/** `vigo pause`: nothing is applied until somebody resumes, or for a while. */
export function pauseCommand(context: AgentContext, roots: () => RootPaths) {
  const command = new Command("pause")
    .description("Apply nothing for now; the fleet sees it, with the reason")
    .requiredOption("--reason <text>", "why, for whoever wonders")
    .option("--for <duration>", "end by itself after this long, such as 2h")
    .option("--json", "print JSON")
    .action(async (flags) => {
      const reason = readReason(flags.reason);
      const durationMs = flags.for === undefined ? null : readDuration(flags.for);
      const sinceMs = context.now();
      const pause: Pause = {
        reason,
        by: nameOfOperator(context.env),
        sinceMs,
        untilMs: durationMs === null ? null : sinceMs + durationMs,
      };
      const isTold = await explain(change(context, roots(), pause));
      if (flags.json) {
        context.write(jsonText({ pause, daemonTold: isTold }));
        return;
      }
      context.write(`Now ${sanitize(describePause(pause, sinceMs))}\n`);
      context.write(tellWho(isTold));
    });
  command.addHelpText(
    "after",
    "\nA run that is under way ends first. While paused the agent checks in and carries\nfiles for others; `vigo run --dry-run` still shows what would change.",
  );
  return withExamples(command, [
    ['vigo pause --for 2h --reason "moving the database"', "two hours, then as before"],
    ['vigo pause --reason "broken disk, ask anna"', "until somebody resumes"],
  ]);
}

/** `vigo resume`: the end of a pause. */
export function resumeCommand(context: AgentContext, roots: () => RootPaths) {
  const command = new Command("resume")
    .description("End a pause and apply the policy again")
    .option("--json", "print JSON")
    .action(async (flags) => {
      const paths = agentPaths(roots());
      const { ended, isTold } = await explain((async () => {
        using db = await openDatabase(paths, context);
        const ended = readPause(db, context.now());
        writePause(db, undefined);
        return { ended, isTold: await wakeDaemon(paths, context.signal) };
      })());
      if (flags.json) {
        const answer = { ended: ended ?? null, daemonTold: isTold };
        context.write(jsonText(answer));
        return;
      }
      context.write(
        ended === undefined ? "This agent was not paused\n" : `Resumed. ${tellWho(isTold)}`,
      );
    });
  return withExamples(command, [["vigo resume", "apply the policy again, now"]]);
}

async function change(context: AgentContext, roots: RootPaths, pause: Pause): Promise<boolean> {
  const paths = agentPaths(roots);
  using db = await openDatabase(paths, context);
  writePause(db, pause);
  return await wakeDaemon(paths, context.signal);
}

function tellWho(isTold: boolean): string {
  return isTold
    ? "The daemon tells the server now\n"
    : "No daemon runs here; the next one that starts tells the server\n";
}

function readReason(text: string): string {
  const reason = text.trim();
  if (reason !== "" && reason.length <= MAX_PAUSE_REASON_LENGTH) return reason;
  throw new UserError(
    `Cannot pause: the reason has ${reason.length} characters. Write 1 to ${MAX_PAUSE_REASON_LENGTH}`,
    { exitCode: EXIT_CODE.usage },
  );
}

function readDuration(text: string): number {
  try {
    const durationMs = parseDuration(text);
    if (durationMs > 0) return durationMs;
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new UserError(error.message, { exitCode: EXIT_CODE.usage, cause: error });
  }
  throw new UserError('Cannot pause for no time at all. Write a duration such as "2h"', {
    exitCode: EXIT_CODE.usage,
  });
}
