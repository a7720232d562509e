import type { TaskOutput, TaskPlan, TaskResult, TaskSummary } from "../../shared/rest/tasks.ts";
import { joinOutput } from "../../shared/tasks/captured_output.ts";
import { VERDICTS } from "../../shared/tasks/verdict.ts";
import { truncate } from "../../shared/terminal/display_width.ts";
import { formatDuration } from "../../shared/terminal/duration.ts";
import { formatTimestamp } from "../../shared/terminal/relative_time.ts";
import { sanitize, sanitizeLines } from "../../shared/terminal/sanitize.ts";
import type { Style } from "../../shared/terminal/style.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import { statusCell } from "./status_word.ts";

/** Of a command in a table, and of a target spec, in cells. */
const MAX_COMMAND_WIDTH = 40;
const MAX_TARGET_WIDTH = 30;
/** Batches of a plan that are shown, and hosts of each. */
const MAX_BATCHES = 50;
const MAX_HOSTS = 50;
/** Of one output stream of one target: lines, and cells of a line. */
const MAX_LINES = 100;
const MAX_LINE_WIDTH = 1_000;

/** `3 complete, 1 failed, 2 running, 4 waiting`: only what there is. */
export function countVerdicts({ counts, running, waiting }: TaskSummary): string {
  const parts = [
    ...VERDICTS.map((verdict) => [counts[verdict], verdict] as const),
    [running, "running"] as const,
    [waiting, "waiting"] as const,
  ].filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return parts.join(", ") || "no target";
}

/** Who would get a task when. */
export function renderPlan(
  { batches, offline, skipped, command, task, guardrail }: TaskPlan,
): string {
  const targets = batches.reduce((sum, batch) => sum + batch.length, 0) + offline.length +
    skipped.length;
  const shown = batches.slice(0, MAX_BATCHES);
  const hidden = batches.length - shown.length;
  return [
    "Dry-run batch plan:",
    "",
    ...shown.map((batch, number) => `  Batch ${number}: ${listHosts(batch)}`),
    ...hidden > 0 ? [`  … ${hidden} more batches; --json names all`] : [],
    ...offline.length > 0 ? [`  Offline: ${listHosts(offline)}`] : [],
    ...skipped.slice(0, MAX_HOSTS).map(({ hostname, reason }) =>
      `  Skipped: ${sanitize(hostname)} (${sanitize(reason)})`
    ),
    "",
    `${batches.length} batch(es), ${targets} target(s), ${offline.length} offline${
      skipped.length > 0 ? `, ${skipped.length} skipped` : ""
    }`,
    ...task === null ? [] : [`Command: ${sanitize(command)}`],
    ...guardrail === null ? [] : [
      `A guardrail would refuse it: ${sanitize(guardrail.reason)} (${sanitize(guardrail.pattern)})`,
    ],
  ].join("\n");
}

function listHosts(hostnames: readonly string[]): string {
  const left = hostnames.length - MAX_HOSTS;
  return hostnames.slice(0, MAX_HOSTS).map(sanitize).join(", ") +
    (left > 0 ? ` … and ${left} more; --json names all` : "");
}

/** A task without its targets. @param offsetMinutes how far the reader's clock is ahead of UTC. */
export function renderTask(task: TaskSummary, offsetMinutes: number): string {
  const time = (ms: number | null) => formatTimestamp(ms, offsetMinutes);
  const params = Object.entries(task.params).map(([name, value]) => `${name}=${value}`).join(" ");
  const fields: (readonly [name: string, value: string])[] = [
    ["Task", task.id],
    ...task.task === null ? [] : [["Named", `${task.task} ${params}`.trimEnd()] as const],
    ["Command", task.command],
    ["Target", task.target],
    ["Operator", task.operator === "" ? task.principal : task.operator],
    ["Status", task.reason === null ? task.status : `${task.status}: ${task.reason}`],
    ["Targets", `${task.targets}`],
    ...task.counts.complete === task.targets ? [] : [["Verdicts", countVerdicts(task)] as const],
    ...task.forced ? [["Forced", "a guardrail of the server was bypassed"] as const] : [],
    ["Created", time(task.createdAtMs)],
    ["Started", time(task.startedAtMs)],
    ["Finished", time(task.finishedAtMs)],
  ];
  const width = Math.max(...fields.map(([name]) => name.length)) + 2;
  return fields.map(([name, value]) => `${`${name}:`.padEnd(width)}${sanitize(value)}`).join("\n");
}

/** How long a command took; empty where nothing ran, or nobody knows. */
export function formatTook({ exitCode, durationMs }: Pick<TaskResult, "exitCode" | "durationMs">) {
  return durationMs === null || (exitCode === null && durationMs === 0)
    ? ""
    : formatDuration(durationMs);
}

/** What came of one target, and what its command wrote: all of it, or `hint` where lines were left out. */
export function renderResult(
  result: TaskResult,
  style: Style,
  hint: string | undefined,
): string {
  const { hostname, verdict, state, exitCode, reason } = result;
  const word = verdict ?? state;
  const took = formatTook(result);
  const cell = statusCell(word, style);
  const header = [
    "---",
    sanitize(hostname),
    `[${typeof cell === "string" ? cell : cell.style(cell.text)}]`,
    ...exitCode === null ? [] : [`exit=${exitCode}`],
    ...took === "" ? [] : [took],
    ...reason === null ? [] : [`(${sanitize(reason)})`],
  ].join(" ");
  const stdout = renderOutput(result.stdout, style, hint);
  const stderr = renderOutput(result.stderr, style, hint);
  return [header, ...stdout, ...stderr.length > 0 ? [style.dim("stderr:"), ...stderr] : []]
    .join("\n");
}

function renderOutput(
  output: TaskOutput | null,
  style: Style,
  hint: string | undefined,
): readonly string[] {
  if (output === null) return [];
  const { head, tail, droppedBytes } = output;
  const bytes = joinOutput({
    head: Uint8Array.fromBase64(head),
    tail: Uint8Array.fromBase64(tail),
    droppedBytes,
  });
  if (bytes.length === 0) return [];
  const lines = sanitizeLines(new TextDecoder().decode(bytes)).replace(/\n$/, "").split("\n");
  return hint === undefined ? lines : shorten(lines, style, hint);
}

/** The first and last lines, each cut to what somebody reads. */
function shorten(lines: readonly string[], style: Style, hint: string): readonly string[] {
  const cut = (line: string) => truncate(line, MAX_LINE_WIDTH);
  if (lines.length <= MAX_LINES) return lines.map(cut);
  const half = MAX_LINES / 2;
  return [
    ...lines.slice(0, half).map(cut),
    style.dim(`… ${lines.length - MAX_LINES} lines left out; ${hint} …`),
    ...lines.slice(-half).map(cut),
  ];
}

/** Tasks as a table. */
export function renderTasks(
  tasks: readonly TaskSummary[],
  style: Style,
  offsetOf: (ms: number) => number,
  width?: number,
): string {
  return renderTable(
    [
      { header: "ID" },
      { header: "COMMAND", maxWidth: MAX_COMMAND_WIDTH },
      { header: "TARGET", maxWidth: MAX_TARGET_WIDTH },
      { header: "STATUS" },
      { header: "TARGETS", align: "right" },
      { header: "CREATED" },
    ],
    tasks.map((task) => [
      task.id,
      task.task ?? task.command,
      task.target,
      statusCell(task.status, style),
      String(task.targets),
      formatTimestamp(task.createdAtMs, offsetOf(task.createdAtMs)),
    ]),
    width === undefined ? {} : { width },
  ).trimEnd();
}
