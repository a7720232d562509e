import type { RunSummary } from "../../../shared/rest/runs.ts";
import type { TaskSummary } from "../../../shared/rest/tasks.ts";
import { path } from "../href.ts";
import { RUN_KINDS, TASK_KINDS } from "./states.ts";
import { Status } from "./status.tsx";
import { type Column, Table } from "./table.tsx";
import { Word } from "./text.tsx";
import { Duration, Time } from "./time.tsx";

/** A run, or several in a row that failed alike: the newest of `count`, the oldest of which began at `firstMs`. */
export interface RunRow {
  readonly run: RunSummary;
  readonly count: number;
  readonly firstMs: number;
  /** Whether there may be more of them. */
  readonly goesOn: boolean;
}

/** Runs, one a row, or several that failed alike. */
export function RunRows({ runs, nowMs, label = "Runs", withHost = true }: {
  runs: readonly RunRow[];
  nowMs: number;
  label?: string;
  withHost?: boolean;
}) {
  const host: Column<RunRow> = {
    name: "Envoy",
    cell: ({ run: { hostname } }) => (
      <a href={path`/envoys/${hostname}`}>
        <Word>{hostname}</Word>
      </a>
    ),
  };
  const columns: Column<RunRow>[] = [
    {
      name: "Run",
      isHeading: true,
      cell: ({ run: { runId, startedAtMs } }) => (
        <a href={path`/runs/${runId}`}>
          <Time ms={startedAtMs} nowMs={nowMs} />
        </a>
      ),
    },
    ...(withHost ? [host] : []),
    {
      name: "Outcome",
      cell: ({ run: { outcome } }) => <Status kind={RUN_KINDS[outcome]}>{outcome}</Status>,
    },
    {
      name: "What",
      cell: ({ run, count, firstMs, goesOn }) => (
        <span>
          {describeRun(run)}
          {count > 1 && (
            <span class="quiet">
              {" · "}
              <a href={`/runs?each=yes&target=${encodeURIComponent(run.envoyUuid)}`}>
                {goesOn ? `at least ${count}` : count} times alike
              </a>
              {goesOn ? ", since " : ", first "}
              <Time ms={firstMs} nowMs={nowMs} />
              {goesOn && " or longer"}
            </span>
          )}
        </span>
      ),
    },
    {
      name: "Cause",
      isMinor: true,
      cell: ({ run }) => <span class="quiet">{describeCause(run)}</span>,
    },
    {
      name: "Trigger",
      isMinor: true,
      cell: ({ run: { trigger } }) => <span class="quiet">{trigger}</span>,
    },
    { name: "Took", isNumber: true, cell: ({ run }) => <Duration ms={run.durationMs} /> },
  ];
  return (
    <Table
      label={label}
      columns={columns}
      rows={runs}
      rowId={({ run: { runId } }) => `run-${runId}`}
    />
  );
}

/** What came of a run, in the words of its counts. */
export function describeRun(
  { changed, failed, blocked, skipped, unknown, total }: RunSummary,
): string {
  const parts = [
    [changed, "changed"],
    [failed, "failed"],
    [blocked, "blocked"],
    [skipped, "skipped"],
    [unknown, "unknown"],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return `${said.length === 0 ? "nothing" : said.join(", ")} of ${total}`;
}

function describeCause({ intentional, corrective }: RunSummary): string {
  if (intentional + corrective === 0) return "–";
  if (corrective === 0) return "policy";
  return intentional === 0 ? "drift" : `${intentional} policy, ${corrective} drift`;
}

/** Tasks, one a row. */
export function TaskRows({ tasks, nowMs, label = "Tasks" }: {
  tasks: readonly TaskSummary[];
  nowMs: number;
  label?: string;
}) {
  const columns: Column<TaskSummary>[] = [
    {
      name: "Task",
      isHeading: true,
      cell: ({ id, command, task }) => (
        <a href={path`/tasks/${id}`} class="mono clip">
          <Word>{task ?? firstLine(command)}</Word>
        </a>
      ),
    },
    {
      name: "Target",
      cell: ({ target }) => (
        <span class="mono clip">
          <Word>{target}</Word>
        </span>
      ),
    },
    { name: "Status", cell: ({ status }) => <Status kind={TASK_KINDS[status]}>{status}</Status> },
    { name: "Verdicts", cell: (task) => describeCounts(task) },
    { name: "By", cell: ({ principal }) => <Word>{principal}</Word> },
    { name: "Begun", cell: ({ createdAtMs }) => <Time ms={createdAtMs} nowMs={nowMs} /> },
  ];
  return <Table label={label} columns={columns} rows={tasks} rowId={({ id }) => `task-${id}`} />;
}

/** How many targets came to what. */
export function describeCounts({ counts, running, waiting, targets }: TaskSummary): string {
  const said = Object.entries({ ...counts, running, waiting })
    .filter(([, count]) => count > 0).map(([what, count]) => `${count} ${what}`);
  return said.length === 0 ? `of ${targets}` : `${said.join(", ")} of ${targets}`;
}

/** Longest beginning of a command in a list, in characters. */
const MAX_COMMAND = 80;

function firstLine(command: string): string {
  const [line = ""] = command.split("\n", 1);
  return line.length > MAX_COMMAND || line.length < command.trimEnd().length
    ? `${line.slice(0, MAX_COMMAND)} …`
    : line;
}
