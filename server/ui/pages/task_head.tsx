import type { TaskSummary } from "../../../shared/rest/tasks.ts";
import { Facts } from "../components/panel.tsx";
import { describeCounts } from "../components/rows.tsx";
import { TASK_KINDS } from "../components/states.ts";
import { Status } from "../components/status.tsx";
import { Word } from "../components/text.tsx";
import { Duration, Time } from "../components/time.tsx";

/** How a task is as a whole; sent again whenever that changes. */
export function TaskHead({ task, nowMs }: { task: TaskSummary; nowMs: number }) {
  return (
    <div id="task-head" class="facts-below">
      <Facts
        facts={[
          [
            "Status",
            (
              <span>
                <Status kind={TASK_KINDS[task.status]}>{task.status}</Status>
                {task.reason !== null && (
                  <span class="quiet">
                    , <Word>{task.reason}</Word>
                  </span>
                )}
              </span>
            ),
          ],
          ["Verdicts", describeCounts(task)],
          ["Target", <Word mono>{task.target}</Word>],
          ["Batch", `${Math.min(task.batch + 1, task.batches)} of ${task.batches}`],
          [
            "By",
            <Word>
              {task.operator === "" ? task.principal : `${task.principal} (as ${task.operator})`}
            </Word>,
          ],
          ["Begun", <Time ms={task.startedAtMs ?? task.createdAtMs} nowMs={nowMs} />],
          ["Over", <Time ms={task.finishedAtMs} nowMs={nowMs} none="not yet" />],
          ["Timeout", <Duration ms={task.timeoutSecs * 1000} />],
          ...(task.forced ? [["Guardrail", <Status kind="warn">bypassed</Status>] as const] : []),
        ]}
      />
      <progress
        max={task.targets}
        value={task.targets - task.waiting - task.running}
        aria-label="Targets with a verdict"
      />
    </div>
  );
}
