import { workflowCancel } from "../../../shared/rest/workflows.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import { sanitize } from "../../../shared/terminal/sanitize.ts";
import type { CliContext } from "../../context.ts";
import { countSteps } from "../../output/workflow.ts";
import { OPERATOR_FLAG } from "../operator_flag.ts";
import { serverCommand } from "../server_command.ts";

/** `vigocli workflow cancel` */
export function cancelCommand(context: CliContext) {
  const command = serverCommand("cancel")
    .description("End a workflow: tasks that run are cancelled, steps that wait do not begin")
    .argument("<id>", "id of the workflow, or a unique beginning of it")
    .option(...OPERATOR_FLAG)
    .action(async (id, { operator = context.operator.slice(0, 128), json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(workflowCancel, { params: { id }, body: { operator } });
      if (json) return context.output.json(answer);
      const { status } = answer;
      const what = status === "running" ? "is being cancelled" : `is over: ${status}`;
      context.output.line(`Workflow ${sanitize(answer.id)} ${what} (${countSteps(answer.steps)})`);
    });
  return withExamples(command, [["vigocli workflow cancel w1a2b3c4", "as soon as can be"]]);
}
