import type { TaskSummary, TaskTarget } from "../../../shared/rest/tasks.ts";
import { VERDICT_KINDS } from "../components/states.ts";
import { Status } from "../components/status.tsx";
import type { Column } from "../components/table.tsx";
import { Word } from "../components/text.tsx";
import { Duration } from "../components/time.tsx";
import { href, path } from "../href.ts";

/** What a row of a task's targets shows. */
export function targetColumns(task: Pick<TaskSummary, "batches">, url: URL): Column<TaskTarget>[] {
  const batch: Column<TaskTarget> = {
    name: "Batch",
    isNumber: true,
    cell: ({ batch }) => batch === null ? "–" : batch + 1,
  };
  return [
    {
      name: "Envoy",
      isHeading: true,
      cell: ({ hostname }) => (
        <a href={path`/envoys/${hostname}`}>
          <Word>{hostname}</Word>
        </a>
      ),
    },
    {
      name: "Verdict",
      cell: ({ verdict, state }) =>
        verdict === null
          ? <Status kind={state === "waiting" ? "none" : "busy"}>{state}</Status>
          : <Status kind={VERDICT_KINDS[verdict]}>{verdict}</Status>,
    },
    { name: "Exit", isNumber: true, cell: ({ exitCode }) => exitCode ?? "–" },
    { name: "Took", isNumber: true, cell: ({ durationMs }) => <Duration ms={durationMs} /> },
    ...(task.batches > 1 ? [batch] : []),
    {
      name: "Reason",
      cell: ({ reason }) => reason === null ? <span class="quiet">–</span> : <Word>{reason}</Word>,
    },
    {
      name: "Output",
      cell: ({ position, verdict, hostname }) =>
        verdict === null
          ? <span class="quiet">–</span>
          : (
            <a href={`${href(url, { output: String(position) })}#output`}>
              show<span class="visually-hidden">{` the output of ${hostname}`}</span>
            </a>
          ),
    },
  ];
}

/** The id of a target's row. */
export function rowId({ position }: { readonly position: number }): string {
  return `target-${position}`;
}
