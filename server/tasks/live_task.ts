import type { TaskSummary, TaskTarget } from "../../shared/rest/tasks.ts";
import { keptBytes } from "../../shared/tasks/captured_output.ts";
import { parseMaxFailures } from "../../shared/tasks/task_amount.ts";
import type { StoredTarget, StoredTask, TaskProgress, TaskRecord } from "../store/task_store.ts";
import { type FollowedTask, TaskFollowers } from "./task_followers.ts";
import { type RunState, TaskRun } from "./task_run.ts";
import { showTarget, summarizeTask } from "./task_views.ts";

/** A task that is not over, with all that is known of it in memory; output is in the store alone. */
export class LiveTask implements FollowedTask {
  readonly record: TaskRecord;
  readonly run: TaskRun;
  readonly followers: TaskFollowers;
  readonly #rows: Map<number, StoredTarget>;
  #outputBytes: number;

  /** @param isResumed whether it began in an earlier process. */
  constructor(task: StoredTask, targets: readonly StoredTarget[], isResumed: boolean) {
    const { record, progress } = task;
    this.record = record;
    this.#outputBytes = progress.outputBytes;
    this.#rows = new Map(targets.map((row) => [row.position, { ...row, output: null }]));
    this.run = new TaskRun(
      {
        timeoutMs: record.timeoutSecs * 1000,
        maxFailures: record.maxFailures === null ? null : parseMaxFailures(record.maxFailures),
        hasHealthCheck: record.healthCheckUrl !== null,
      },
      targets,
      ...(isResumed ? [stateOf(progress)] : []),
    );
    this.followers = new TaskFollowers(this);
  }

  get id(): string {
    return this.record.id;
  }

  get targets(): number {
    return this.record.targets;
  }

  get isOver(): boolean {
    return this.run.isOver;
  }

  /** What of it is kept. */
  progress(): TaskProgress {
    return {
      ...this.run.state,
      counts: this.run.counts,
      outputBytes: this.#outputBytes,
    };
  }

  summary(): TaskSummary {
    return summarizeTask({ record: this.record, progress: this.progress() }, this.run.running);
  }

  target(position: number): TaskTarget {
    return showTarget(this.row(position), this.run.target(position).state);
  }

  row(position: number): StoredTarget {
    const row = this.#rows.get(position);
    if (row === undefined) throw new RangeError(`A task has no target at ${position}`);
    return row;
  }

  /** Takes in what came of a target; answers the row as it is to be stored, with its output. */
  change(position: number, change: Partial<StoredTarget>): StoredTarget {
    const row = { ...this.row(position), ...change };
    const { output } = row;
    if (output) this.#outputBytes += keptBytes(output.stdout) + keptBytes(output.stderr);
    this.#rows.set(position, { ...row, output: null });
    return row;
  }
}

function stateOf({ counts: _counts, outputBytes: _outputBytes, ...state }: TaskProgress): RunState {
  return state;
}
