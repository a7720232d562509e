import { configFreeze, configUnfreeze } from "../../../shared/rest/config.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import type { CliContext } from "../../context.ts";
import { describeFreeze } from "../../output/config_status.ts";
import { operatorNote } from "../operator_flag.ts";
import { serverCommand } from "../server_command.ts";
import { parseUntil } from "../parse_until.ts";

/** `vigocli config freeze` */
export function freezeCommand(context: CliContext) {
  const command = serverCommand("freeze")
    .description("Refuse to publish and to roll back until a time; agents go on with what is live")
    .requiredOption("--until <when>", "a duration like 12h, or a time like 2026-01-31T12:00Z")
    .requiredOption("--reason <text>", "what whoever is refused is told")
    .option(...operatorNote(context))
    .action(async ({ until, reason, operator, json, ...flags }) => {
      const untilMs = parseUntil(until, context.now());
      using client = await context.connect(flags);
      const answer = await client.call(configFreeze, { body: { untilMs, reason, operator } });
      if (json) return context.output.json(answer);
      context.output.line(`Frozen ${describeFreeze(answer, context.now())}`);
    });
  return withExamples(command, [
    [
      "vigocli config freeze --until 12h --reason 'sales night'",
      "nothing changes until tomorrow",
    ],
    ["vigocli config freeze --until 2026-12-27T08:00Z --reason holidays", "until a day"],
  ]);
}

/** `vigocli config unfreeze` */
export function unfreezeCommand(context: CliContext) {
  const command = serverCommand("unfreeze")
    .description("End a freeze before its time")
    .option(...operatorNote(context))
    .action(async ({ operator, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(configUnfreeze, { body: { operator } });
      if (json) return context.output.json(answer);
      context.output.line(
        answer.ended
          ? `Ended the freeze ${describeFreeze(answer.ended, context.now())}`
          : "Nothing is frozen",
      );
    });
  return withExamples(command, [["vigocli config unfreeze", "publish again at once"]]);
}
