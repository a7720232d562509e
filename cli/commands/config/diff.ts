import { configDiff } from "../../../shared/rest/config.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import type { CliContext } from "../../context.ts";
import { renderProblems } from "../../output/changes.ts";
import { withProgress } from "../../output/with_progress.ts";
import { serverCommand } from "../server_command.ts";
import { mistakesError } from "./mistakes.ts";
import { FULL_FLAG, noteRefused, showComparison } from "./review.ts";

/** `vigocli config diff` */
export function diffCommand(context: CliContext) {
  const command = serverCommand("diff")
    .description("Compare what the staged stacks would make of each host with what is live")
    .argument("[host]", "only this host")
    .option("--to <version>", "compare this version, or a unique beginning of it, instead")
    .option(...FULL_FLAG)
    .action(async (host, { to, full, json, ...flags }) => {
      using client = await context.connect(flags);
      const work = client.call(configDiff, {
        body: {
          ...(host === undefined ? {} : { host }),
          ...(to === undefined ? {} : { version: to }),
        },
      });
      const answer = await withProgress(context.output, "Comparing the fleet", work);
      if (json) context.output.json(answer);
      else if (answer.problems.length > 0) context.output.line(renderProblems(answer.problems));
      else {
        showComparison(context, answer, { isFull: full });
        noteRefused(context, answer);
      }
      if (answer.problems.length > 0) throw mistakesError(answer.problems);
    });
  return withExamples(command, [
    ["vigocli config diff", "what a publish would change, host by host"],
    ["vigocli config diff web-1", "the same for one host"],
    ["vigocli config diff --to 4be1d2", "what a rollback to that version would change"],
  ]);
}
