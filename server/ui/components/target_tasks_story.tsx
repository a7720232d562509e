import { NO_TASK_YET, TASK } from "./rows_story.tsx";
import { HOSTILE, type Story, STORY_NOW_MS } from "./story.ts";
import { TargetTasks } from "./target_tasks.tsx";

export const targetTasksStory: Story = {
  component: "target_tasks",
  use: "The tasks of one machine, with what came of each there.",
  cases: [
    {
      name: "over, running and hostile",
      show: () => (
        <TargetTasks
          label="Tasks of web-1"
          nowMs={STORY_NOW_MS}
          tasks={[
            { task: { ...TASK, task: "web.restart" }, target: NO_TASK_YET },
            {
              task: { ...TASK, id: "t2", command: HOSTILE },
              target: { ...NO_TASK_YET, state: "over", verdict: "failed", exitCode: 3 },
            },
          ]}
        />
      ),
    },
  ],
};
