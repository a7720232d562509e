import { taskCancel } from "../../../shared/rest/tasks.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import { sanitize } from "../../../shared/terminal/sanitize.ts";
import type { CliContext } from "../../context.ts";
import { countVerdicts } from "../../output/task.ts";
import { OPERATOR_FLAG } from "../operator_flag.ts";
import { serverCommand } from "../server_command.ts";

/** `vigocli task cancel` */
export function cancelCommand(context: CliContext) {
  const command = serverCommand("cancel")
    .description("End a task: what runs is ended, what waits does not begin")
    .argument("<id>", "id of the task, or a unique beginning of it")
    .option(...OPERATOR_FLAG)
    .action(async (id, { operator = context.operator.slice(0, 128), json, ...flags }) => {
      using client = await context.connect(flags);
      const task = await client.call(taskCancel, { params: { id }, body: { operator } });
      if (json) return context.output.json(task);
      const what = task.status === "running" ? "is being cancelled" : `is over: ${task.status}`;
      context.output.line(`Task ${sanitize(task.id)} ${what} (${countVerdicts(task)})`);
    });
  return withExamples(command, [["vigocli task cancel t1a2b3c4", "as soon as can be"]]);
}
