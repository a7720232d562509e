import { type WorkflowRun, workflowShow } from "../../shared/rest/workflows.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { ApiClient } from "../client/api_client.ts";
import { UnreachableError } from "../client/api_error.ts";
import type { CliContext } from "../context.ts";
import {
  countSteps,
  describeStep,
  renderSteps,
  renderWorkflowProgress,
} from "../output/workflow.ts";

/** Between two looks, in ms. */
const LOOK_MS = 500;
/** How long the server may be away before nobody waits any more, in ms; a workflow goes on when it is back. */
const AWAY_MS = 120_000;
/** Longest wait for one answer, in ms. */
const CALL_TIMEOUT_MS = 30_000;

/**
 * Follows a workflow to its end and shows it: a table that is drawn anew on a terminal, a line for each step that changes on a
 * pipe. A server that restarts meanwhile is waited for.
 *
 * @throws {UserError} unless every step is complete; with status 130 when the operator interrupts, and with 4 if the server
 * stays away, the workflow goes on.
 */
export async function followWorkflow(
  client: ApiClient,
  id: string,
  context: CliContext,
  json: boolean,
): Promise<void> {
  const { output, signal, now } = context;
  const tell = json ? () => {} : output.isTerminal ? draw(context) : writeChanges(context);
  let awaySinceMs: number | undefined;
  try {
    while (!signal.aborted) {
      const answer = await look(client, id, signal);
      if (answer instanceof UnreachableError) {
        awaySinceMs ??= now();
        if (now() - awaySinceMs >= AWAY_MS) throw away(id, answer);
      } else if (answer !== undefined) {
        awaySinceMs = undefined;
        tell(answer);
        if (answer.status !== "running") return finish(answer, context, json);
      }
      await context.pause(LOOK_MS);
    }
  } finally {
    output.endProgress(false);
  }
  throw new UserError(
    `Stopped watching; workflow ${id} goes on. See it with: vigocli workflow status ${id}, or end it with: vigocli workflow cancel ${id}`,
    { exitCode: EXIT_CODE.interrupted },
  );
}

/** @returns `undefined` if the operator interrupts. */
async function look(
  client: ApiClient,
  id: string,
  interrupt: AbortSignal,
): Promise<WorkflowRun | UnreachableError | undefined> {
  const signal = AbortSignal.any([interrupt, AbortSignal.timeout(CALL_TIMEOUT_MS)]);
  try {
    return await client.call(workflowShow, { params: { id }, signal });
  } catch (error) {
    if (interrupt.aborted) return undefined;
    if (error instanceof UnreachableError) return error;
    throw error;
  }
}

function finish(workflow: WorkflowRun, { output, now }: CliContext, json: boolean): void {
  output.endProgress(false);
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

function away(id: string, cause: UnreachableError): UserError {
  return new UserError(
    `${cause.message}. Workflow ${id} goes on when it is back; see it then with: vigocli workflow status ${id}`,
    { exitCode: EXIT_CODE.unreachable, cause },
  );
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
