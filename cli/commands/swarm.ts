import { Argument, Command, Option } from "@commander-js/extra-typings";
import { PEER_SORTS, swarmPeers, swarmStatus } from "../../shared/rest/swarm_substrate.ts";
import { taskRun } from "../../shared/rest/tasks.ts";
import { wholeNumber } from "../../shared/terminal/argument_parser.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import type { CliContext } from "../context.ts";
import { CURSOR_OPTION, noteNextPage } from "../output/next_page.ts";
import { renderCleanup, renderSwarmPeers, renderSwarmStatus } from "../output/swarm.ts";
import {
  distributeCommand,
  filecastCommand,
  listCommand,
  revokeCommand,
  showFilecast,
} from "./filecast.ts";
import { poolqCommand } from "./poolq.ts";
import { puddleCommand } from "./puddle.ts";
import { serverCommand } from "./server_command.ts";

/** What each machine runs for `cleanup`; its daemon does the work. */
const CLEANUP = "vigo swarm _apply-cleanup";

/** `vigocli swarm`: content that moves between the machines. */
export function swarmCommand(context: CliContext): Command {
  const swarm = new Command("swarm").description("Content that moves between the machines");
  swarm.addCommand(statusCommand(context));
  swarm.addCommand(peersCommand(context));
  swarm.addCommand(cleanupCommand(context));
  swarm.addCommand(filecastCommand(context));
  swarm.addCommand(poolqCommand(context));
  swarm.addCommand(puddleCommand(context));
  // The short forms are how the guides write them.
  swarm.addCommand(distributeCommand(context));
  swarm.addCommand(listCommand(context));
  swarm.addCommand(revokeCommand(context));
  return withExamples(swarm, [
    ["vigocli swarm status", "how much the swarm holds, and who takes part"],
    ["vigocli swarm filecast list", "what was cast"],
  ]);
}

function statusCommand(context: CliContext) {
  const command = serverCommand("status")
    .description("Show the swarm's totals; with a SHA-256, how far that filecast has come")
    .addArgument(new Argument("[sha]", "SHA-256 or a unique beginning of at least 8 digits"))
    .option("--watch", "follow a filecast until every target is done", false)
    .action(async (sha, { watch, json, ...flags }) => {
      if (sha === undefined && watch) {
        command.error("error: --watch needs the SHA-256 of a filecast");
      }
      using client = await context.connect(flags);
      if (sha !== undefined) return await showFilecast(client, sha, context, { watch, json });
      const answer = await client.call(swarmStatus, {});
      if (json) return context.output.json(answer);
      context.output.line(renderSwarmStatus(answer, offsetMinutes(answer.generatedAtMs)));
    });
  return withExamples(command, [
    ["vigocli swarm status", "totals, and who may seed"],
    ["vigocli swarm status 9faa44b9", "one filecast, envoy by envoy"],
  ]);
}

function peersCommand(context: CliContext) {
  const command = serverCommand("peers")
    .description("List envoys with their part in the swarm")
    .addOption(
      new Option("--sort <key>", "what comes first").choices(PEER_SORTS).default(
        "footprint" as const,
      ),
    )
    .option("--limit <count>", "how many; 0 for all", wholeNumber(0, 100_000), 50)
    .option(...CURSOR_OPTION)
    .action(async ({ sort, limit, cursor, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(swarmPeers, {
        query: { sort, limit, ...(cursor === undefined ? {} : { cursor }) },
      });
      if (json) return context.output.json(answer);
      context.output.line(renderSwarmPeers(answer, offsetMinutes(answer.generatedAtMs)));
      noteNextPage(context.output, answer.nextCursor);
    });
  return withExamples(command, [
    ["vigocli swarm peers", "who holds most"],
    ["vigocli swarm peers --sort hostname --limit 0", "everybody, from a to z"],
  ]);
}

function cleanupCommand(context: CliContext) {
  const command = serverCommand("cleanup")
    .description("Have envoys remove links that lead nowhere, and what was left of downloads")
    .option("--target <spec>", "which envoys", "*")
    .action(async ({ target, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(taskRun, {
        body: { command: CLEANUP, target, operator: context.operator.slice(0, 128) },
      });
      if (json) return context.output.json(answer);
      context.output.line(renderCleanup(answer, target));
    });
  return withExamples(command, [
    ["vigocli swarm cleanup", "everywhere"],
    ["vigocli swarm cleanup --target 'web-*'", "on the web servers"],
  ]);
}

/** How far the reader's clock is ahead of UTC at that time. */
function offsetMinutes(ms: number): number {
  return -new Date(ms).getTimezoneOffset();
}
