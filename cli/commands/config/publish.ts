import { configDiff, configPublish } from "../../../shared/rest/config.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import { EXIT_CODE } from "../../../shared/terminal/exit_code.ts";
import { UserError } from "../../../shared/terminal/user_error.ts";
import type { ApiClient } from "../../client/api_client.ts";
import type { CliContext } from "../../context.ts";
import { renderProblems } from "../../output/changes.ts";
import { shortVersion } from "../../output/short_version.ts";
import { withProgress } from "../../output/with_progress.ts";
import { operatorNote } from "../operator_flag.ts";
import { serverCommand } from "../server_command.ts";
import { mistakesError } from "./mistakes.ts";
import { ALLOW_REFUSED_FLAG, FULL_FLAG, mustAsk, noteRefused, showComparison } from "./review.ts";

const NOTHING_PUBLISHED = "; nothing was published";

/** `vigocli config publish` */
export function publishCommand(context: CliContext) {
  const { output } = context;
  const command = serverCommand("publish")
    .description("Check the staged stacks, show what changes, and make them live")
    .option("-m, --message <text>", "what this version is for", "")
    .option(...operatorNote(context))
    .option(...ALLOW_REFUSED_FLAG)
    .option(...FULL_FLAG)
    .option("-y, --yes", "do not ask; off a terminal nobody is asked", false)
    .action(async ({ message, operator, allowRefused, full, yes, json, ...flags }) => {
      using client = await context.connect(flags);
      const isAsking = mustAsk(context, { yes, json });
      const reviewed = isAsking ? await review(context, client, full) : undefined;
      if (reviewed === "nothing to do") return;
      const work = client.call(configPublish, {
        body: {
          message,
          operator,
          // Whoever confirms has seen who cannot have it.
          allowRefused: allowRefused || isAsking,
          ...reviewed ? { reviewed } : {},
        },
      });
      const answer = await withProgress(output, "Publishing", work);
      if (json) output.json(answer);
      else if (answer.problems.length > 0) output.line(renderProblems(answer.problems));
      else if (answer.published) {
        if (!isAsking) showComparison(context, answer, { isFull: full });
        output.line(`${isAsking ? "" : "\n"}Published ${shortVersion(answer.version ?? "")}`);
        noteRefused(context, answer);
      } else output.line(alreadyLive(answer.version ?? ""));
      if (answer.problems.length > 0) throw mistakesError(answer.problems, NOTHING_PUBLISHED);
    });
  return withExamples(command, [
    [
      "vigocli config publish -m 'raise worker count'",
      "shows which hosts change and how, asks, and makes it live",
    ],
    ["vigocli config publish --yes -m 'from the pipeline'", "without a question"],
  ]);
}

/** Shows the changes and asks; answers the two versions that were compared, so that nothing else is published. */
async function review(
  context: CliContext,
  client: ApiClient,
  isFull: boolean,
): Promise<{ from: string | null; to: string } | "nothing to do"> {
  const { output } = context;
  const work = client.call(configDiff, { body: {} });
  const answer = await withProgress(output, "Comparing the fleet", work);
  if (answer.problems.length > 0) {
    output.line(renderProblems(answer.problems));
    throw mistakesError(answer.problems, NOTHING_PUBLISHED);
  }
  const { from, to } = answer;
  if (from === to) {
    output.line(alreadyLive(to));
    return "nothing to do";
  }
  showComparison(context, answer, { isFull });
  noteRefused(context, answer);
  if (await context.confirm(`\nPublish ${shortVersion(to)}?`)) return { from, to };
  throw new UserError("Nothing was published", { exitCode: EXIT_CODE.refused });
}

function alreadyLive(version: string): string {
  return `Version ${shortVersion(version)} is already live; nothing changed`;
}
