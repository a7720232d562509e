import {
  type TaskEvent,
  taskEvents,
  taskResults,
  taskShow,
  type TaskSummary,
  type TaskTarget,
} from "../../shared/rest/tasks.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { PAGE_ROWS } from "../client/all_pages.ts";
import type { ApiClient } from "../client/api_client.ts";
import { ApiError, UnreachableError } from "../client/api_error.ts";
import { EventStreamError, SilentStreamError } from "../client/event_stream.ts";
import type { CliContext } from "../context.ts";
import { LastLines } from "../output/last_lines.ts";
import { renderProgress } from "../output/task_progress.ts";

/** Between two looks where there is no stream, and between two drawings, in ms. */
const POLL_MS = 1_000;
const DRAW_MS = 150;
/** How long the server may be away before nobody waits any more, in ms; a task goes on when it is back. */
const AWAY_MS = 120_000;
/** Longest wait for one answer, in ms. */
const CALL_TIMEOUT_MS = 30_000;

/** What is known of a task while it runs. */
class WatchedTask {
  task: TaskSummary | undefined;
  readonly targets = new Map<number, TaskTarget>();
  readonly lines = new LastLines();
  isAway = false;
  isChanged = false;

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

  get isOver(): boolean {
    return this.task !== undefined && this.task.status !== "running";
  }
}

/**
 * Follows a task to its end, drawn on the terminal where there is one: by the server's events, and by asking again and again
 * where they do not come through. A server that restarts meanwhile is waited for.
 *
 * @throws {UserError} with status 130 when the operator interrupts, and with 4 if the server stays away; the task goes on.
 */
export async function followTask(
  client: ApiClient,
  id: string,
  context: CliContext,
): Promise<TaskSummary> {
  const { output } = context;
  const watched = new WatchedTask();
  const draw = () => {
    if (!watched.isChanged || watched.task === undefined) return;
    watched.isChanged = false;
    output.progress(renderProgress({ ...watched, task: watched.task, nowMs: context.now() }));
  };
  const timer = setInterval(draw, DRAW_MS);
  try {
    await watch(watched, client, id, context);
  } finally {
    clearInterval(timer);
    output.endProgress(false);
  }
  if (watched.task === undefined || !watched.isOver) throw interrupted(id);
  return watched.task;
}

/** Returns when the task is over or the operator interrupts. */
async function watch(
  watched: WatchedTask,
  client: ApiClient,
  id: string,
  context: CliContext,
): Promise<void> {
  const { signal } = context;
  let canStream = true, awaySinceMs: number | undefined;
  while (!signal.aborted) {
    canStream = canStream && await stream(watched, client, id, signal);
    if (watched.isOver || signal.aborted) return;
    try {
      await look(watched, client, id, signal);
      awaySinceMs = undefined;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof UnreachableError)) throw error;
      watched.isAway = watched.isChanged = true;
      awaySinceMs ??= context.now();
      if (context.now() - awaySinceMs >= AWAY_MS) throw away(id, error);
    }
    if (!watched.isOver) await context.pause(POLL_MS);
    else return;
  }
}

/** @returns whether it is worth asking for the stream again. */
async function stream(
  watched: WatchedTask,
  client: ApiClient,
  id: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    for await (const event of client.follow(taskEvents, { params: { id }, signal })) {
      watched.take(event);
    }
  } catch (error) {
    // Too many follow it, or a proxy lets nothing pass. A token that is not valid any more may be renewed.
    if (error instanceof ApiError) return error.status === 401;
    if (!(error instanceof EventStreamError)) throw error;
    if (error instanceof SilentStreamError) return false;
  }
  return true;
}

async function look(
  watched: WatchedTask,
  client: ApiClient,
  id: string,
  interrupt: AbortSignal,
): Promise<void> {
  const signal = AbortSignal.any([interrupt, AbortSignal.timeout(CALL_TIMEOUT_MS)]);
  const task = await client.call(taskShow, { params: { id }, signal });
  const { results } = await client.call(taskResults, {
    params: { id },
    query: { limit: PAGE_ROWS, output: "false" },
    signal,
  });
  watched.take({ kind: "targets", targets: results });
  watched.take({ kind: "task", task });
}

/** What an operator reads who stops watching. */
export function interrupted(id: string): UserError {
  return new UserError(
    `Stopped watching; task ${id} goes on. See it with: vigocli task status ${id}, or end it with: vigocli task cancel ${id}`,
    { exitCode: EXIT_CODE.interrupted },
  );
}

function away(id: string, cause: UnreachableError): UserError {
  return new UserError(
    `${cause.message}. Task ${id} goes on when it is back; see it then with: vigocli task status ${id}`,
    { exitCode: EXIT_CODE.unreachable, cause },
  );
}
