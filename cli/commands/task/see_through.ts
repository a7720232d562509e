import type { TaskSummary } from "../../../shared/rest/tasks.ts";
import { UserError } from "../../../shared/terminal/user_error.ts";
import type { ApiClient } from "../../client/api_client.ts";
import type { CliContext } from "../../context.ts";
import { countVerdicts } from "../../output/task.ts";
import { interrupted } from "../follow_run.ts";
import { followTask } from "../follow_task.ts";
import { type ShownResults, showResults, wholeTask } from "./show_results.ts";

/** Follows a task to its end and shows it. @throws {UserError} unless every target is complete. */
export async function seeThrough(
  client: ApiClient,
  id: string,
  context: CliContext,
  { json, ...shown }: ShownResults & { readonly json: boolean },
): Promise<void> {
  if (context.signal.aborted) throw interrupted({ kind: "task", id });
  const task = await followTask(client, id, context);
  if (json) context.output.json(await wholeTask(client, task, shown));
  else await showResults(client, task, context, shown);
  if (task.status !== "complete") throw new UserError(describeEnd(task));
}

function describeEnd(task: TaskSummary): string {
  const reason = task.reason === null ? "" : `, ${task.reason}`;
  return `Task ${task.id} ${ENDS[task.status]}${reason}: ${countVerdicts(task)}`;
}

const ENDS: Readonly<Record<TaskSummary["status"], string>> = {
  running: "runs",
  complete: "is complete",
  failed: "is not complete everywhere",
  aborted: "was aborted",
  cancelled: "was cancelled",
};
