import { namedTaskList } from "../../../shared/rest/named_tasks.ts";
import { taskList } from "../../../shared/rest/tasks.ts";
import { wholeNumber } from "../../../shared/terminal/argument_parser.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import type { ApiClient } from "../../client/api_client.ts";
import type { CliContext } from "../../context.ts";
import { renderNamedTasks } from "../../output/named_tasks.ts";
import { renderTasks } from "../../output/task.ts";
import { CURSOR_OPTION, noteNextPage } from "../../output/next_page.ts";
import { serverCommand } from "../server_command.ts";

/** `vigocli task list` */
export function listCommand(context: CliContext) {
  const command = serverCommand("list")
    .description("List tasks that were run, newest first, or with --named those that have a name")
    .option("--limit <count>", "how many", wholeNumber(1, 1000), 20)
    .option(...CURSOR_OPTION)
    .option("--named", "list the named tasks of the live version instead", false)
    .action(async ({ limit, cursor, named, json, ...flags }) => {
      const query = { limit, ...(cursor === undefined ? {} : { cursor }) };
      using client = await context.connect(flags);
      const nextCursor = named
        ? await listNamed(client, query, context, json)
        : await listRuns(client, query, context, json);
      noteNextPage(context.output, nextCursor);
    });
  return withExamples(command, [
    ["vigocli task list --limit 5", "the latest tasks"],
    ["vigocli task list --named", "named tasks with their parameters"],
  ]);
}

interface Page {
  readonly limit: number;
  readonly cursor?: string;
}

/** @returns where the next page begins, if people are told. */
async function listRuns(
  client: ApiClient,
  query: Page,
  { output }: CliContext,
  json: boolean,
): Promise<string | null> {
  const answer = await client.call(taskList, { query });
  const { tasks, nextCursor } = answer;
  if (json) output.json(answer);
  else if (tasks.length === 0) {
    output.note("No tasks. Run one with: vigocli task run COMMAND --target SPEC");
  } else {
    const offsetOf = (ms: number) => -new Date(ms).getTimezoneOffset();
    output.line(renderTasks(tasks, output.style, offsetOf, output.columns));
  }
  return json ? null : nextCursor;
}

async function listNamed(
  client: ApiClient,
  query: Page,
  { output }: CliContext,
  json: boolean,
): Promise<string | null> {
  const answer = await client.call(namedTaskList, { query });
  const { tasks, nextCursor } = answer;
  if (json) output.json(answer);
  else if (tasks.length === 0) {
    output.note(
      "No named tasks. They stand in files below stacks/tasks/, and count once published",
    );
  } else output.line(renderNamedTasks(tasks, output.columns));
  return json ? null : nextCursor;
}
