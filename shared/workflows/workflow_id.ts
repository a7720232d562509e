import { makeTaskId } from "../tasks/task_id.ts";

/** A workflow's id, such as `w3k9d0q7xw2`: as a task's, and told from it by its first letter. */
export function makeWorkflowId(): string {
  return `w${makeTaskId().slice(1)}`;
}
