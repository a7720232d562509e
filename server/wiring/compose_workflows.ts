import type { Logger } from "../../shared/platform/logging.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import type { Store } from "../store/store.ts";
import type { TaskDesk } from "../tasks/task_desk.ts";
import type { TaskService } from "../tasks/task_service.ts";
import { WorkflowDesk } from "../workflows/workflow_desk.ts";
import { WorkflowService } from "../workflows/workflow_service.ts";
import type { Closing } from "./closing.ts";

export interface WorkflowParts {
  readonly store: Store;
  readonly audit: AuditLog;
  readonly tasks: TaskService;
  readonly desk: TaskDesk;
  readonly now: () => number;
  readonly logger: Logger;
  readonly closing: Closing;
}

/** What people ask of workflows; those that were not over when the server stopped go on. */
export async function composeWorkflows(
  { store, audit, tasks, desk, now, logger, closing }: WorkflowParts,
): Promise<WorkflowService> {
  const workflows = await WorkflowDesk.load({ store, tasks, desk, now, logger });
  closing.add("workflows", () => workflows.stop());
  return new WorkflowService({ store, desk: workflows, tasks, audit, now });
}
