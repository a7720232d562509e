import { workflowShow } from "../../../shared/rest/workflows.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import type { CliContext } from "../../context.ts";
import { renderSteps, renderWorkflow } from "../../output/workflow.ts";
import { followWorkflow } from "../follow_workflow.ts";
import { serverCommand } from "../server_command.ts";

/** `vigocli workflow status` */
export function statusCommand(context: CliContext) {
  const command = serverCommand("status")
    .description("Show where the steps of a workflow are")
    .argument("<id>", "id of the workflow, or a unique beginning of it")
    .option("--watch", "follow it to its end; the exit status is then that of run", false)
    .action(async (id, { watch, json, ...flags }) => {
      const { output } = context;
      using client = await context.connect(flags);
      const workflow = await client.call(workflowShow, { params: { id } });
      if (watch) return await followWorkflow(client, workflow.id, context, json);
      if (json) return output.json(workflow);
      const offsetMinutes = -new Date(workflow.createdAtMs).getTimezoneOffset();
      output.line(`${renderWorkflow(workflow, offsetMinutes)}\n`);
      output.line(renderSteps(workflow, output.style, context.now(), output.columns));
    });
  return withExamples(command, [
    ["vigocli workflow status w1a2b3c4", "where the steps are"],
    ["vigocli workflow status w1a2b3c4 --watch", "go on watching one that runs"],
  ]);
}
