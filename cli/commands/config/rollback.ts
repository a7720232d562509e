import { configDiff, configRollback } from "../../../shared/rest/config.ts";
import { EXIT_CODE } from "../../../shared/terminal/exit_code.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import { UserError } from "../../../shared/terminal/user_error.ts";
import type { ApiClient } from "../../client/api_client.ts";
import type { CliContext } from "../../context.ts";
import { shortVersion } from "../../output/short_version.ts";
import { withProgress } from "../../output/with_progress.ts";
import { operatorNote } from "../operator_flag.ts";
import { serverCommand } from "../server_command.ts";
import { ALLOW_REFUSED_FLAG, FULL_FLAG, mustAsk, noteRefused, showComparison } from "./review.ts";

/** `vigocli config rollback` */
export function rollbackCommand(context: CliContext) {
  const { output } = context;
  const command = serverCommand("rollback")
    .description("Make an earlier version live again")
    .argument("[version]", "version or a unique beginning of it; the one before by default")
    .option("-m, --message <text>", "why", "")
    .option(...operatorNote(context))
    .option(...ALLOW_REFUSED_FLAG)
    .option(...FULL_FLAG)
    .option("-y, --yes", "do not ask; off a terminal nobody is asked", false)
    .action(async (version, { message, operator, allowRefused, full, yes, json, ...flags }) => {
      using client = await context.connect(flags);
      const isAsking = mustAsk(context, { yes, json });
      const reviewed = isAsking ? await review(context, client, version, full) : undefined;
      const target = reviewed?.to ?? version;
      const work = client.call(configRollback, {
        body: {
          message,
          operator,
          // Whoever confirms has seen who cannot have it.
          allowRefused: allowRefused || isAsking,
          ...(target === undefined ? {} : { version: target }),
          ...(reviewed ? { reviewed } : {}),
        },
      });
      const answer = await withProgress(output, "Rolling back", work);
      if (json) return output.json(answer);
      if (!isAsking) showComparison(context, answer, { isFull: full });
      output.line(`${isAsking ? "" : "\n"}Version ${shortVersion(answer.version)} is live again`);
      noteRefused(context, answer);
    });
  return withExamples(command, [
    ["vigocli config rollback", "back to the version before the live one"],
    ["vigocli config rollback 4be1d2", "back to a version that `history` shows"],
  ]);
}

/** Shows the changes and asks; answers the two versions that were compared. */
async function review(
  context: CliContext,
  client: ApiClient,
  version: string | undefined,
  isFull: boolean,
): Promise<{ from: string | null; to: string }> {
  const work = client.call(configDiff, {
    body: version === undefined ? { previous: true } : { version },
  });
  const answer = await withProgress(context.output, "Comparing the fleet", work);
  const { from, to } = answer;
  showComparison(context, answer, { isFull });
  noteRefused(context, answer);
  if (await context.confirm(`\nMake ${shortVersion(to)} live again?`)) return { from, to };
  throw new UserError("Nothing was rolled back", { exitCode: EXIT_CODE.refused });
}
