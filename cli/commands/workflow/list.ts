import { workflowList } from "../../../shared/rest/workflows.ts";
import { wholeNumber } from "../../../shared/terminal/argument_parser.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import type { CliContext } from "../../context.ts";
import { renderWorkflows } from "../../output/workflow.ts";
import { CURSOR_OPTION, noteNextPage } from "../../output/next_page.ts";
import { serverCommand } from "../server_command.ts";

/** `vigocli workflow list` */
export function listCommand(context: CliContext) {
  const command = serverCommand("list")
    .description("List workflows that were run, newest first")
    .option("--limit <count>", "how many", wholeNumber(1, 1000), 20)
    .option(...CURSOR_OPTION)
    .action(async ({ limit, cursor, json, ...flags }) => {
      const { output } = context;
      using client = await context.connect(flags);
      const answer = await client.call(workflowList, {
        query: { limit, ...(cursor === undefined ? {} : { cursor }) },
      });
      if (json) return output.json(answer);
      const { workflows, nextCursor } = answer;
      if (workflows.length === 0) {
        return output.note("No workflows. Run one with: vigocli workflow run FILE");
      }
      const offsetOf = (ms: number) => -new Date(ms).getTimezoneOffset();
      output.line(renderWorkflows(workflows, output.style, offsetOf));
      noteNextPage(output, nextCursor);
    });
  return withExamples(command, [["vigocli workflow list --limit 5", "the latest"]]);
}
