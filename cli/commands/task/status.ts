import { taskShow } from "../../../shared/rest/tasks.ts";
import { VERDICTS } from "../../../shared/tasks/verdict.ts";
import { asArgument } from "../../../shared/terminal/argument_parser.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import type { CliContext } from "../../context.ts";
import { renderTask } from "../../output/task.ts";
import { serverCommand } from "../server_command.ts";
import { seeThrough } from "./see_through.ts";
import { showResults, wholeTask } from "./show_results.ts";

/** `vigocli task status` */
export function statusCommand(context: CliContext) {
  const command = serverCommand("status")
    .description("Show a task and what came of it on each envoy")
    .argument("<id>", "id of the task, or a unique beginning of it")
    .option("--watch", "follow it to its end; the exit status is then that of run", false)
    .option("--full", "show every target with all of its output", false)
    .option(
      "--verdict <list>",
      "only targets with one of these verdicts: failed,timeout,lost",
      asArgument(parseVerdicts),
    )
    .action(async (id, { watch, full, verdict, json, ...flags }) => {
      using client = await context.connect(flags);
      const task = await client.call(taskShow, { params: { id } });
      if (watch) return await seeThrough(client, task.id, context, { json, full, verdict });
      if (json) return context.output.json(await wholeTask(client, task, { verdict }));
      context.output.line(`${renderTask(task, -new Date(task.createdAtMs).getTimezoneOffset())}\n`);
      await showResults(client, task, context, { full, verdict });
    });
  return withExamples(command, [
    ["vigocli task status t1a2b3c4", "what came of a task"],
    ["vigocli task status t1a2b3c4 --watch", "go on watching one that runs"],
    ["vigocli task status t1a2b3c4 --verdict failed,timeout --full", "all that went wrong"],
  ]);
}

/** @throws {SyntaxError} if a word is no verdict. */
function parseVerdicts(text: string): string {
  const words = text.split(",").map((word) => word.trim());
  const unknown = words.find((word) => !VERDICTS.some((verdict) => verdict === word));
  if (unknown === undefined) return words.join(",");
  throw new SyntaxError(
    `${JSON.stringify(unknown)} is no verdict. Write some of ${VERDICTS.join(",")}`,
  );
}
