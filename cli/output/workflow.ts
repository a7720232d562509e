import type {
  WorkflowPlan,
  WorkflowRun,
  WorkflowStepRun,
  WorkflowSummary,
} from "../../shared/rest/workflows.ts";
import { VERDICTS } from "../../shared/tasks/verdict.ts";
import { counted } from "../../shared/terminal/counted.ts";
import { formatDuration } from "../../shared/terminal/duration.ts";
import { formatTimestamp } from "../../shared/terminal/relative_time.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import type { Style } from "../../shared/terminal/style.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import { STEP_STATUSES } from "../../shared/workflows/advance_workflow.ts";
import { statusCell } from "./status_word.ts";

/** Of a reason in a table, in cells. */
const MAX_REASON_WIDTH = 60;
/** Batches of a step's plan that are shown, and hosts of each. */
const MAX_BATCHES = 20;
const MAX_HOSTS = 50;

/** `2 complete, 1 running, 1 waiting`: only what there is. */
export function countSteps(steps: readonly Pick<WorkflowStepRun, "status">[]): string {
  return STEP_STATUSES.map((status) =>
    [steps.filter((step) => step.status === status).length, status] as const
  ).filter(([count]) => count > 0).map(([count, status]) => `${count} ${status}`).join(", ");
}

/** The steps of a workflow as a table, in the order of its file. */
export function renderSteps(
  { steps }: WorkflowRun,
  style: Style,
  nowMs: number,
  width?: number,
): string {
  return renderTable(
    [
      { header: "STEP" },
      { header: "STATUS" },
      { header: "TASK" },
      { header: "DONE", align: "right" },
      { header: "TOOK", align: "right" },
      { header: "REASON", maxWidth: MAX_REASON_WIDTH },
    ],
    steps.map((step) => [
      step.name,
      statusCell(step.status, style),
      step.taskId ?? "",
      step.taskId === null ? "" : `${doneOf(step)}/${step.targets}`,
      step.startedAtMs === null
        ? ""
        : formatDuration((step.finishedAtMs ?? nowMs) - step.startedAtMs),
      step.reason ?? "",
    ]),
    width === undefined ? {} : { width },
  ).trimEnd();
}

/** A workflow that runs, as it is drawn. */
export function renderWorkflowProgress(workflow: WorkflowRun, style: Style, nowMs: number): string {
  const took = formatDuration(nowMs - workflow.createdAtMs);
  return `Workflow ${sanitize(workflow.id)}: ${countSteps(workflow.steps)}, ${took}\n${
    renderSteps(workflow, style, nowMs)
  }`;
}

/** One line for where a step is. */
export function describeStep(
  { name, status, taskId, targets, reason }: WorkflowStepRun,
): string {
  const more = [
    ...taskId === null ? [] : [`task ${taskId}`],
    ...status === "running" ? [counted(targets, "target")] : [],
  ].join(", ");
  return sanitize(
    `${name}: ${status}${more === "" ? "" : ` (${more})`}${reason === null ? "" : `: ${reason}`}`,
  );
}

/** A workflow without its steps. @param offsetMinutes how far the reader's clock is ahead of UTC. */
export function renderWorkflow(workflow: WorkflowRun, offsetMinutes: number): string {
  const time = (ms: number | null) => formatTimestamp(ms, offsetMinutes);
  const { id, name, description, operator, principal, status, reason, forced } = workflow;
  const fields: (readonly [name: string, value: string])[] = [
    ["Workflow", id],
    ["Name", name],
    ...description === "" ? [] : [["About", description] as const],
    ["Operator", operator === "" ? principal : operator],
    ["Status", reason === null ? status : `${status}: ${reason}`],
    ["Steps", countSteps(workflow.steps)],
    ...forced ? [["Forced", "a guardrail of the server was bypassed"] as const] : [],
    ["Created", time(workflow.createdAtMs)],
    ["Finished", time(workflow.finishedAtMs)],
  ];
  const width = Math.max(...fields.map(([field]) => field.length)) + 2;
  return fields.map(([field, value]) => `${`${field}:`.padEnd(width)}${sanitize(value)}`)
    .join("\n");
}

/** Workflows as a table. */
export function renderWorkflows(
  workflows: readonly WorkflowSummary[],
  style: Style,
  offsetOf: (ms: number) => number,
): string {
  return renderTable(
    [
      { header: "ID" },
      { header: "NAME" },
      { header: "STATUS" },
      { header: "STEPS", align: "right" },
      { header: "CREATED" },
    ],
    workflows.map(({ id, name, status, steps, stepCounts, createdAtMs }) => [
      id,
      name,
      statusCell(status, style),
      `${stepCounts.complete}/${steps}`,
      formatTimestamp(createdAtMs, offsetOf(createdAtMs)),
    ]),
  ).trimEnd();
}

/** What each step would do, and to whom. */
export function renderWorkflowPlan({ steps }: WorkflowPlan): string {
  const blocks = steps.map(({ name, needs, onFailure, plan }) => {
    const notes = [
      ...needs.length > 0 ? [`after ${needs.join(", ")}`] : [],
      ...onFailure === "continue" ? ["the others go on if it fails"] : [],
    ].join("; ");
    const hidden = plan.batches.length - MAX_BATCHES;
    return [
      sanitize(`Step ${name}${notes === "" ? "" : ` (${notes})`}: ${oneLine(plan.command)}`),
      ...plan.batches.slice(0, MAX_BATCHES).map((hosts, number) =>
        `  Batch ${number}: ${listHosts(hosts)}`
      ),
      ...hidden > 0 ? [`  … ${hidden} more batches; --json names all`] : [],
      ...plan.offline.length > 0 ? [`  Offline: ${listHosts(plan.offline)}`] : [],
      ...plan.skipped.slice(0, MAX_HOSTS).map(({ hostname, reason }) =>
        sanitize(`  Skipped: ${hostname} (${reason})`)
      ),
      ...plan.guardrail === null ? [] : [
        sanitize(
          `  A guardrail would refuse it: ${plan.guardrail.reason} (${plan.guardrail.pattern})`,
        ),
      ],
    ].join("\n");
  });
  return `Dry-run plan of ${counted(steps.length, "step")}:\n\n${blocks.join("\n\n")}`;
}

function doneOf({ counts }: WorkflowStepRun): number {
  return VERDICTS.reduce((sum, verdict) => sum + counts[verdict], 0);
}

function listHosts(hostnames: readonly string[]): string {
  const left = hostnames.length - MAX_HOSTS;
  return hostnames.slice(0, MAX_HOSTS).map(sanitize).join(", ") +
    (left > 0 ? ` … and ${left} more; --json names all` : "");
}

function oneLine(command: string): string {
  const [first = "", ...more] = command.trim().split("\n");
  return more.length === 0 ? first : `${first} …`;
}
