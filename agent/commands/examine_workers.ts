import { Command } from "@commander-js/extra-typings";
import { configureLogging } from "../../shared/platform/logging.ts";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { CommandExit } from "../../shared/terminal/command_exit.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import type { WorkersReport } from "../engine_host/examine_workers.ts";
import type { AgentContext } from "./context.ts";
import { explain } from "./explain.ts";
import { readMinFreePercent } from "./min_free_percent.ts";

/** A worker that has not said anything by then never will; a busy machine needs some of it. */
const DEADLINE_MS = 60_000;

/** `vigo swarm _examine-workers`: whether this executable can run the swarm on this machine. */
export function examineWorkersCommand(context: AgentContext, roots: () => RootPaths) {
  const command = new Command("_examine-workers")
    .description("Start the swarm's workers as the daemon does, and tell what each may do and does")
    .option("--json", "print JSON")
    .action(async ({ json }) => {
      const report = await explain(examine(context, roots()));
      context.write(json ? jsonText(report) : render(report));
      if (report.engine.state === "failed" || report.hasher.state === "failed") {
        throw new CommandExit(EXIT_CODE.failed);
      }
    });
  return withExamples(command, [
    ["vigo swarm _examine-workers", "with the daemon stopped: its engine has the port"],
  ]);
}

async function examine(context: AgentContext, roots: RootPaths): Promise<WorkersReport> {
  const minFreePercent = readMinFreePercent(context.env);
  const { examineWorkers } = await import("../engine_host/examine_workers.ts");
  const { systemClock } = await import("../runtime/clock.ts");
  const { startEngine } = await import("../swarm/start_engine.ts");
  return await examineWorkers({
    roots,
    clock: systemClock,
    log: await configureLogging("vigo", "error"),
    startEngine,
    minFreePercent,
    signal: AbortSignal.any([context.signal, AbortSignal.timeout(DEADLINE_MS)]),
  });
}

function render({ deno, engine, hasher }: WorkersReport): string {
  const line = (name: string, { state, problem, rights }: typeof engine | typeof hasher) =>
    `${name}  ${state}${problem === "" ? "" : `: ${sanitize(problem)}`}; may: ${
      rights.length === 0 ? "(no answer)" : sanitize(rights.join(", "))
    }\n`;
  return `Deno    ${deno}\n${line("engine", engine)}${line("hasher", hasher)}`;
}
