import { counted } from "../../../shared/terminal/counted.ts";
import { configValidate } from "../../../shared/rest/config.ts";
import { EXIT_CODE } from "../../../shared/terminal/exit_code.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import { sanitize } from "../../../shared/terminal/sanitize.ts";
import { UserError } from "../../../shared/terminal/user_error.ts";
import type { CliContext } from "../../context.ts";
import { renderHostProblems, renderProblems } from "../../output/changes.ts";
import { withProgress } from "../../output/with_progress.ts";
import { serverCommand } from "../server_command.ts";
import { mistakesError } from "./mistakes.ts";

/** `vigocli config validate` */
export function validateCommand(context: CliContext) {
  const command = serverCommand("validate")
    .description("Check the staged stacks and report every mistake at once")
    .argument("[dir]", "none: vigocli sends no files; for a checkout there is `vigosrv validate`")
    .action(async (dir, { json, ...flags }) => {
      if (dir !== undefined) {
        const shown = sanitize(dir);
        throw new UserError(
          `Cannot check "${shown}": vigocli sends no files. Check it without a server: vigosrv validate ${shown}`,
          { exitCode: EXIT_CODE.usage },
        );
      }
      using client = await context.connect(flags);
      const work = client.call(configValidate, { body: {} });
      const answer = await withProgress(context.output, "Checking", work);
      if (json) context.output.json(answer);
      else if (answer.valid) {
        context.output.line(
          `Valid: ${counted(answer.files, "file")}, entries for ${
            counted(answer.hosts, "known host")
          }`,
        );
        if (answer.hostProblems.length > 0) {
          context.output.line("Hosts that would keep the policy they have:");
          context.output.line(renderHostProblems(answer.hostProblems));
        }
        for (const warning of answer.warnings) context.output.note(`warning: ${sanitize(warning)}`);
      } else context.output.line(renderProblems(answer.problems));
      if (!answer.valid) throw mistakesError(answer.problems);
    });
  return withExamples(command, [[
    "vigocli config validate",
    "before every publish, and in a commit hook",
  ]]);
}
