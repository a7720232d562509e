import type { TaskSummary, TaskTarget } from "../../shared/rest/tasks.ts";
import { formatDuration } from "../../shared/terminal/duration.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import type { LastLines } from "./last_lines.ts";
import { countVerdicts, formatTook } from "./task.ts";

/** Targets drawn one by one; no screen shows more. */
const MAX_ROWS = 100;
/** What of its output stands beside a target. */
const MAX_LINE_WIDTH = 60;

/** A task that runs, as it is drawn. */
export interface TaskProgress {
  readonly task: TaskSummary;
  readonly targets: ReadonlyMap<number, TaskTarget>;
  readonly lines: Pick<LastLines, "get">;
  /** Whether the server does not answer. */
  readonly isAway: boolean;
  readonly nowMs: number;
}

/** One line for the task, and a table of its targets: what went wrong and what runs stand above what is over or waits. */
export function renderProgress({ task, targets, lines, isAway, nowMs }: TaskProgress): string {
  const parts = [
    ...task.batches > 1 ? [`batch ${task.batch + 1} of ${task.batches}`] : [],
    countVerdicts(task),
    formatDuration(nowMs - task.createdAtMs),
  ];
  const shown = [...targets.values()].sort((a, b) => rank(a) - rank(b) || a.position - b.position)
    .slice(0, MAX_ROWS);
  const left = task.targets - shown.length;
  return [
    `Task ${sanitize(task.id)}: ${parts.join(", ")}${
      isAway ? " (the server does not answer; trying again)" : ""
    }`,
    renderTable(
      [
        { header: "HOST" },
        { header: "STATE" },
        { header: "EXIT", align: "right" },
        { header: "TOOK", align: "right" },
        { header: "LAST LINE", maxWidth: MAX_LINE_WIDTH },
      ],
      shown.map((target) => [
        target.hostname,
        target.verdict ?? target.state,
        target.exitCode === null ? "" : String(target.exitCode),
        formatTook(target),
        target.reason ?? lines.get(target.position),
      ]),
    ).trimEnd(),
    ...left > 0 ? [`… ${left} more`] : [],
  ].join("\n");
}

function rank({ state, verdict }: TaskTarget): number {
  if (state === "running") return 1;
  if (state === "sent") return 2;
  if (state === "waiting") return 3;
  return verdict === "complete" ? 4 : 0;
}
