import { workflowEvents, type WorkflowRun, workflowShow } from "../../shared/rest/workflows.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { ApiClient } from "../client/api_client.ts";
import type { CliContext } from "../context.ts";
import {
  countSteps,
  describeStep,
  renderSteps,
  renderWorkflowProgress,
} from "../output/workflow.ts";
import { followRun } from "./follow_run.ts";

/** Between two drawings of what does not change but for the time it takes, in ms. */
const REDRAW_MS = 1_000;

/**
 * Follows a workflow to its end and shows it: a table that is drawn anew on a terminal, a line for each step that changes on a
 * pipe.
 *
 * @throws {UserError} unless every step is complete, and as {@linkcode followRun}; the workflow then goes on.
 */
export async function followWorkflow(
  client: ApiClient,
  id: string,
  context: CliContext,
  json: boolean,
): Promise<void> {
  const { output } = context;
  const tell = json ? () => {} : output.isTerminal ? draw(context) : writeChanges(context);
  const params = { id };
  let known: WorkflowRun | undefined;
  const take = (workflow: WorkflowRun) => tell(known = workflow);
  // Steps that only run on take longer all the same; on a pipe nothing is said twice.
  const timer = setInterval(() => known && tell(known), REDRAW_MS);
  try {
    await followRun({
      kind: "workflow",
      id,
      follow: (signal) => client.follow(workflowEvents, { params, signal }),
      take,
      look: async (signal) => take(await client.call(workflowShow, { params, signal })),
      isOver: () => known !== undefined && known.status !== "running",
    }, context);
  } finally {
    clearInterval(timer);
    output.endProgress(false);
  }
  if (known === undefined) throw new Error("unreachable: a workflow that is over is known");
  finish(known, context, json);
}

/** Shows a workflow that is over. @throws {UserError} unless every step is complete. */
function finish(workflow: WorkflowRun, { output, now }: CliContext, json: boolean): void {
  if (json) output.json(workflow);
  else if (output.isTerminal) {
    output.line(renderSteps(workflow, output.style, now(), output.columns));
  }
  if (workflow.status === "complete") {
    if (!json) output.line(`Workflow ${workflow.id} is complete`);
    return;
  }
  const failed = workflow.steps.find(({ status, taskId }) =>
    status === "failed" && taskId !== null
  );
  const hint = failed === undefined ? "" : `. See why with: vigocli task status ${failed.taskId}`;
  const end = workflow.status === "cancelled" ? "was cancelled" : "is not complete";
  throw new UserError(`Workflow ${workflow.id} ${end}: ${countSteps(workflow.steps)}${hint}`);
}

function draw({ output, now }: CliContext): (workflow: WorkflowRun) => void {
  return (workflow) => output.progress(renderWorkflowProgress(workflow, output.style, now()));
}

/** Writes a line for each step of which something is news. */
function writeChanges({ output }: CliContext): (workflow: WorkflowRun) => void {
  const known = new Map<string, string>();
  return ({ steps }) => {
    for (const step of steps) {
      const { name, status } = step;
      if ((known.get(name) ?? "waiting") !== status) output.line(describeStep(step));
      known.set(name, status);
    }
  };
}
