import { configHistory, type ConfigVersion } from "../../../shared/rest/config.ts";
import { wholeNumber } from "../../../shared/terminal/argument_parser.ts";
import { formatRelativeTime } from "../../../shared/terminal/relative_time.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import { renderTable } from "../../../shared/terminal/table.ts";
import type { CliContext } from "../../context.ts";
import { lineWidth } from "../../output/placed_line.ts";
import { shortVersion } from "../../output/short_version.ts";
import { CURSOR_OPTION, noteNextPage } from "../../output/next_page.ts";
import { serverCommand } from "../server_command.ts";

/** `vigocli config history` */
export function historyCommand(context: CliContext) {
  const { output } = context;
  const command = serverCommand("history")
    .description("List published versions, newest first")
    .option("--limit <count>", "how many", wholeNumber(1, 1000), 20)
    .option(...CURSOR_OPTION)
    .action(async ({ limit, cursor, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(configHistory, {
        query: { limit, ...(cursor === undefined ? {} : { cursor }) },
      });
      if (json) return output.json(answer);
      if (answer.versions.length === 0) {
        return output.note("Nothing is published yet. Publish with: vigocli config publish");
      }
      output.line(renderVersions(answer.versions, context.now(), lineWidth(output)));
      noteNextPage(output, answer.nextCursor);
    });
  return withExamples(command, [[
    "vigocli config history",
    "who published what, and which version is live",
  ]]);
}

function renderVersions(versions: readonly ConfigVersion[], nowMs: number, width: number): string {
  return renderTable(
    [{ header: "VERSION" }, { header: "LIVE" }, { header: "PUBLISHED" }, { header: "BY" }, {
      header: "MESSAGE",
    }],
    versions.map((version) => [
      shortVersion(version.version),
      version.live ? "yes" : "",
      formatRelativeTime(version.publishedAtMs, nowMs),
      version.publishedBy,
      describe(version),
    ]),
    Number.isFinite(width) ? { width } : {},
  ).trimEnd();
}

function describe({ message, rollbackOf }: ConfigVersion): string {
  if (rollbackOf === null) return message;
  const own = `rollback to ${shortVersion(rollbackOf)}`;
  return message.toLowerCase() === `roll back to ${shortVersion(rollbackOf)}`
    ? own
    : `${own}: ${message}`;
}
