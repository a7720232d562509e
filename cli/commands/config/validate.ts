import { configValidate } from "../../../shared/rest/config.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import type { CliContext } from "../../context.ts";
import { renderProblems } from "../../output/changes.ts";
import { withProgress } from "../../output/with_progress.ts";
import { serverCommand } from "../server_command.ts";
import { mistakesError } from "./mistakes.ts";

/** `vigocli config validate` */
export function validateCommand(context: CliContext) {
  const command = serverCommand("validate")
    .description("Check the staged stacks and report every mistake at once")
    .action(async ({ json, ...flags }) => {
      using client = await context.connect(flags);
      const work = client.call(configValidate, { body: {} });
      const answer = await withProgress(context.output, "Checking", work);
      if (json) context.output.json(answer);
      else if (answer.valid) {
        context.output.line(
          `Valid: ${answer.files} file(s), entries for ${answer.hosts} known host(s)`,
        );
      } else context.output.line(renderProblems(answer.problems));
      if (!answer.valid) throw mistakesError(answer.problems);
    });
  return withExamples(command, [[
    "vigocli config validate",
    "before every publish, and in a commit hook",
  ]]);
}
