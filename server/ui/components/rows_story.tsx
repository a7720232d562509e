import type { RunSummary } from "../../../shared/rest/runs.ts";
import type { TaskSummary, TaskTarget } from "../../../shared/rest/tasks.ts";
import { noVerdicts } from "../../../shared/tasks/verdict.ts";
import { RunRows, TaskRows } from "./rows.tsx";
import { HOSTILE, LONG, type Story, STORY_NOW_MS } from "./story.ts";

const RUN: RunSummary = {
  runId: "6ab9bd5e-ce8c-4036-89ba-21195662accf",
  envoyUuid: "7e32849c-c85c-4834-bbb8-0064d4ab8afb",
  hostname: "web-1",
  startedAtMs: STORY_NOW_MS - 90_000,
  receivedAtMs: STORY_NOW_MS - 89_000,
  durationMs: 412,
  policyVersion: "8eb83cd4ef6a",
  trigger: "interval",
  outcome: "changed",
  changed: 3,
  intentional: 2,
  corrective: 1,
  failed: 0,
  blocked: 0,
  skipped: 0,
  unknown: 0,
  total: 40,
};
export const TASK: TaskSummary = {
  id: "txvd5bg4nhv",
  command: HOSTILE,
  task: null,
  params: {},
  target: "web-*",
  operator: "",
  principal: "user:ann",
  status: "running",
  reason: null,
  targets: 40,
  batches: 2,
  batch: 0,
  counts: { ...noVerdicts(), complete: 18, failed: 2 },
  waiting: 15,
  running: 5,
  timeoutSecs: 60,
  nice: 0,
  batchSize: "50%",
  maxFailures: null,
  healthCheckUrl: null,
  forced: false,
  createdAtMs: STORY_NOW_MS - 5_000,
  startedAtMs: STORY_NOW_MS - 5_000,
  finishedAtMs: null,
};

/** A target that a task has not come to. */
export const NO_TASK_YET: TaskTarget = {
  position: 0,
  envoyUuid: RUN.envoyUuid,
  hostname: RUN.hostname,
  batch: 0,
  state: "waiting",
  verdict: null,
  exitCode: null,
  durationMs: null,
  reason: null,
};

export const rowsStory: Story = {
  component: "rows",
  use: "Runs and tasks, wherever they are listed.",
  cases: [
    {
      name: "runs",
      show: () => (
        <RunRows
          runs={[{ run: RUN, count: 1, firstMs: RUN.startedAtMs, goesOn: true }, {
            run: {
              ...RUN,
              hostname: LONG,
              outcome: "failed",
              changed: 0,
              failed: 1,
              blocked: 2,
            },
            count: 1_440,
            firstMs: STORY_NOW_MS - 86_400_000,
            goesOn: false,
          }]}
          nowMs={STORY_NOW_MS}
        />
      ),
    },
    { name: "tasks", show: () => <TaskRows tasks={[TASK]} nowMs={STORY_NOW_MS} /> },
  ],
};
