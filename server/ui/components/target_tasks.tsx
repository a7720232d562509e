import type { TaskSummary, TaskTarget } from "../../../shared/rest/tasks.ts";
import { path } from "../href.ts";
import { VERDICT_KINDS } from "./states.ts";
import { Status } from "./status.tsx";
import { Table } from "./table.tsx";
import { Word } from "./text.tsx";
import { Time } from "./time.tsx";

/** Tasks as one of their targets sees them, with what came of each there. */
export function TargetTasks({ tasks, nowMs, label }: {
  tasks: readonly { readonly task: TaskSummary; readonly target: TaskTarget }[];
  nowMs: number;
  label: string;
}) {
  return (
    <Table
      label={label}
      rows={tasks}
      columns={[
        {
          name: "Task",
          isHeading: true,
          cell: ({ task: { id, command, task } }) => (
            <a class="mono clip" href={path`/tasks/${id}`}>
              <Word>{task ?? command.split("\n", 1)[0] ?? ""}</Word>
            </a>
          ),
        },
        {
          name: "Verdict",
          cell: ({ target: { verdict, state } }) =>
            verdict === null
              ? <Status kind="busy">{state}</Status>
              : <Status kind={VERDICT_KINDS[verdict]}>{verdict}</Status>,
        },
        { name: "Exit", isNumber: true, cell: ({ target: { exitCode } }) => exitCode ?? "–" },
        { name: "By", cell: ({ task: { principal } }) => <Word>{principal}</Word> },
        {
          name: "Begun",
          cell: ({ task: { createdAtMs } }) => <Time ms={createdAtMs} nowMs={nowMs} />,
        },
      ]}
    />
  );
}
