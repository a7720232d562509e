import {
  type TaskEvent,
  taskEvents,
  taskResults,
  taskShow,
  type TaskSummary,
  type TaskTarget,
} from "../../shared/rest/tasks.ts";
import { PAGE_ROWS } from "../client/all_pages.ts";
import type { ApiClient } from "../client/api_client.ts";
import type { CliContext } from "../context.ts";
import { LastLines } from "../output/last_lines.ts";
import { renderProgress } from "../output/task_progress.ts";
import { followRun, type WatchedRun } from "./follow_run.ts";

/** Between two drawings of what changes, and of what does not but for the time it takes, in ms. */
const DRAW_MS = 150;
const REDRAW_MS = 1_000;

/** What is known of a task while it runs. */
class WatchedTask implements WatchedRun<TaskEvent> {
  readonly kind = "task";
  task: TaskSummary | undefined;
  readonly targets = new Map<number, TaskTarget>();
  readonly lines = new LastLines();
  isAway = false;
  isChanged = false;

  constructor(readonly client: ApiClient, readonly id: string) {}

  follow(signal: AbortSignal): AsyncGenerator<TaskEvent> {
    return this.client.follow(taskEvents, { params: { id: this.id }, signal });
  }

  async look(signal: AbortSignal): Promise<void> {
    const params = { id: this.id };
    const task = await this.client.call(taskShow, { params, signal });
    const { results } = await this.client.call(taskResults, {
      params,
      query: { limit: PAGE_ROWS, output: "false" },
      signal,
    });
    this.take({ kind: "targets", targets: results });
    this.take({ kind: "task", task });
  }

  take(event: TaskEvent): void {
    this.isChanged = true;
    this.isAway = false;
    if (event.kind === "task") this.task = event.task;
    else if (event.kind === "targets") {
      for (const target of event.targets) this.targets.set(target.position, target);
    } else if (event.stream === "stdout") {
      this.lines.add(event.position, Uint8Array.fromBase64(event.data));
    }
  }

  isOver(): boolean {
    return this.task !== undefined && this.task.status !== "running";
  }

  noteAway(): void {
    this.isAway = this.isChanged = true;
  }
}

/**
 * Follows a task to its end, drawn on the terminal where there is one.
 *
 * @throws {UserError} as {@linkcode followRun}; the task goes on.
 */
export async function followTask(
  client: ApiClient,
  id: string,
  context: CliContext,
): Promise<TaskSummary> {
  const { output } = context;
  const watched = new WatchedTask(client, id);
  let drawnAtMs = 0;
  const draw = () => {
    const isDue = watched.isChanged || context.now() - drawnAtMs >= REDRAW_MS;
    if (!isDue || watched.task === undefined) return;
    watched.isChanged = false;
    drawnAtMs = context.now();
    const { task, targets, lines, isAway } = watched;
    output.progress(renderProgress({ task, targets, lines, isAway, nowMs: context.now() }));
  };
  const timer = setInterval(draw, DRAW_MS);
  try {
    await followRun(watched, context);
  } finally {
    clearInterval(timer);
    output.endProgress(false);
  }
  if (watched.task === undefined) throw new Error("unreachable: a task that is over is known");
  return watched.task;
}
