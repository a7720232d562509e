import { workflowRun } from "../../../shared/rest/workflows.ts";
import { counted } from "../../../shared/terminal/counted.ts";
import { EXIT_CODE } from "../../../shared/terminal/exit_code.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import { sanitize } from "../../../shared/terminal/sanitize.ts";
import { UserError } from "../../../shared/terminal/user_error.ts";
import { MAX_WORKFLOW_LENGTH, readWorkflow } from "../../../shared/workflows/read_workflow.ts";
import type { Workflow } from "../../../shared/workflows/workflow.ts";
import type { CliContext } from "../../context.ts";
import { renderWorkflowPlan } from "../../output/workflow.ts";
import { followWorkflow } from "../follow_workflow.ts";
import { OPERATOR_FLAG } from "../operator_flag.ts";
import { overruleGuardrail } from "../overrule_guardrail.ts";
import { serverCommand } from "../server_command.ts";

/** `vigocli workflow run` */
export function runCommand(context: CliContext) {
  const command = serverCommand("run")
    .description("Run the steps of a workflow on the server, and watch them")
    .argument("<file>", "YAML file of the workflow")
    .option(...OPERATOR_FLAG)
    .option("--dry-run", "show the steps and who would get them, and send nothing", false)
    .option("--force", "overrule the server's guardrail; those of the agents stay", false)
    .action(async (path, { operator, dryRun, force, json, ...flags }) => {
      const workflow = await openWorkflow(path, context);
      using client = await context.connect(flags);
      const body = { workflow, operator: operator ?? context.operator.slice(0, 128), dryRun };
      // Not cut short by an interrupt: then nobody would know whether it runs, and as what.
      const { workflow: started, plan } = await overruleGuardrail(
        (overrule) => client.call(workflowRun, { body: { ...body, force: force || overrule } }),
        context,
      );
      if (plan !== null) {
        if (json) return context.output.json({ workflow: started, plan });
        return context.output.line(renderWorkflowPlan(plan));
      }
      if (started === null) throw new Error("The server neither ran nor planned the workflow");
      if (!json) context.output.line(`Workflow ${sanitize(started.id)} started`);
      await followWorkflow(client, started.id, context, json);
    });
  return withExamples(command, [
    ["vigocli workflow run upgrade.yaml --dry-run", "see the steps and their targets"],
    ["vigocli workflow run upgrade.yaml", "run them, and watch"],
  ]);
}

/** @throws {UserError} with status 2 if the file is no workflow; every mistake is written before. */
async function openWorkflow(path: string, { openFile, output }: CliContext): Promise<Workflow> {
  const file = await openFile(path);
  const limit = MAX_WORKFLOW_LENGTH * 4;
  if (file.sizeBytes > limit) {
    throw new UserError(
      `Cannot read ${
        JSON.stringify(path)
      }: it has ${file.sizeBytes} bytes, at most ${limit} are read`,
      { exitCode: EXIT_CODE.usage },
    );
  }
  const read = readWorkflow(await new Response(file.stream()).text(), path);
  if (read.ok) return read.workflow;
  const [first = "", ...more] = read.problems;
  if (more.length === 0) throw new UserError(first, { exitCode: EXIT_CODE.usage });
  for (const problem of read.problems) output.note(sanitize(problem));
  throw new UserError(
    `${path} has ${counted(read.problems.length, "mistake")}, and nothing was sent`,
    { exitCode: EXIT_CODE.usage },
  );
}
