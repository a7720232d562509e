import type { z } from "zod";
import { configSearch } from "../../../shared/rest/config_views.ts";
import { wholeNumber } from "../../../shared/terminal/argument_parser.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import { sanitize } from "../../../shared/terminal/sanitize.ts";
import { CommandExit } from "../../../shared/terminal/command_exit.ts";
import { EXIT_CODE } from "../../../shared/terminal/exit_code.ts";
import { renderTable } from "../../../shared/terminal/table.ts";
import type { CliContext } from "../../context.ts";
import { renderProblems } from "../../output/changes.ts";
import { lineWidth } from "../../output/placed_line.ts";
import { CURSOR_OPTION, noteNextPage } from "../../output/next_page.ts";
import { serverCommand } from "../server_command.ts";
import { mistakesError } from "./mistakes.ts";
import { STAGED_FLAG, stagedQuery } from "./staged_flag.ts";

/** Most hosts that are named below the table. */
const MAX_NAMED_HOSTS = 10;

type Answer = z.output<typeof configSearch.answer>;

/** `vigocli config search` */
export function searchCommand(context: CliContext) {
  const { output } = context;
  const command = serverCommand("search")
    .description("Find a text or a resource in the stacks; status 1 if it is nowhere")
    .argument("<text>", "any text, in any case; or type:name for a resource and who refers to it")
    .option("--limit <count>", "how many hits", wholeNumber(1, 1000), 100)
    .option(...CURSOR_OPTION)
    .option(...STAGED_FLAG)
    .action(async (text, { limit, cursor, staged, json, ...flags }) => {
      using client = await context.connect(flags);
      const query = {
        text,
        limit,
        ...(cursor === undefined ? {} : { cursor }),
        ...stagedQuery(staged),
      };
      const answer = await client.call(configSearch, { query });
      if (json) output.json(answer);
      else if (answer.mistakes.length > 0) output.line(renderProblems(answer.mistakes));
      else show(context, answer, text);
      if (answer.mistakes.length > 0) throw mistakesError(answer.mistakes);
      if (answer.hits.length === 0 && (answer.hosts?.count ?? 0) === 0) {
        throw new CommandExit(EXIT_CODE.failed);
      }
    });
  return withExamples(command, [
    ["vigocli config search 8080", "where a port is written"],
    ["vigocli config search service:nginx", "who declares it, refers to it, and gets it"],
  ]);
}

function show({ output }: CliContext, { hits, nextCursor, hosts }: Answer, text: string): void {
  const width = lineWidth(output);
  if (hits.length > 0) {
    output.line(
      renderTable(
        [{ header: "PLACE" }, { header: "KIND" }, { header: "NAME" }, { header: "TEXT" }],
        hits.map((hit) => [hit.place, hit.kind, hit.name, hit.text]),
        Number.isFinite(width) ? { width } : {},
      ).trimEnd(),
    );
  } else output.note(`Nothing in the stacks is ${JSON.stringify(sanitize(text))} as written`);
  noteNextPage(output, nextCursor);
  if (hosts) {
    const named = hosts.first.slice(0, MAX_NAMED_HOSTS).map(sanitize).join(", ");
    const left = hosts.count - Math.min(hosts.first.length, MAX_NAMED_HOSTS);
    const rest = left > 0 ? ` and ${left} more` : "";
    output.line(hosts.count === 0 ? "\nNo known host gets it" : `\nGiven to: ${named}${rest}`);
  }
}
