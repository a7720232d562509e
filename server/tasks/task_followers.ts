import { setTimeout as wait } from "node:timers/promises";
import type { TaskEvent, TaskSummary, TaskTarget } from "../../shared/rest/tasks.ts";

/** Between two looks at what has changed, in ms: what changes meanwhile is told together. */
const COALESCE_MS = 100;
/** Targets in one event. */
const TARGETS_PER_EVENT = 500;
/** Output that waits for a reader, in characters of base64; what comes beyond it is dropped. */
const MAX_WAITING_OUTPUT = 1024 * 1024;

/** A task that can be followed, as far as followers look at it. */
export interface FollowedTask {
  readonly targets: number;
  readonly isOver: boolean;
  summary(): TaskSummary;
  target(position: number): TaskTarget;
}

type OutputEvent = Extract<TaskEvent, { kind: "output" }>;

interface Follower {
  /** Who reads, as the audit log names them. */
  readonly reader: string;
  readonly changed: Set<number>;
  output: OutputEvent[];
  outputLength: number;
  isTaskChanged: boolean;
  bell: PromiseWithResolvers<void>;
  /** Aborted when the task is over: nothing more will change. */
  readonly end: AbortController;
}

/**
 * Those who watch one task. What has changed is remembered for each as a set of targets, so that a slow reader costs no
 * more than a fast one and reads the latest.
 */
export class TaskFollowers {
  readonly #task: FollowedTask;
  readonly #followers = new Set<Follower>();

  readonly #coalesceMs: number;

  /** @param coalesceMs another pause between two looks, for tests. */
  constructor(task: FollowedTask, coalesceMs = COALESCE_MS) {
    this.#task = task;
    this.#coalesceMs = coalesceMs;
  }

  get count(): number {
    return this.#followers.size;
  }

  /** How many of the streams are one reader's. */
  countOf(reader: string): number {
    return [...this.#followers].filter((follower) => follower.reader === reader).length;
  }

  noteTarget(position: number): void {
    for (const follower of this.#followers) {
      follower.changed.add(position);
      follower.bell.resolve();
    }
  }

  noteTask(): void {
    for (const follower of this.#followers) {
      follower.isTaskChanged = true;
      follower.bell.resolve();
      if (this.#task.isOver) follower.end.abort();
    }
  }

  noteOutput(event: OutputEvent): void {
    for (const follower of this.#followers) {
      if (follower.outputLength + event.data.length > MAX_WAITING_OUTPUT) continue;
      follower.output.push(event);
      follower.outputLength += event.data.length;
      follower.bell.resolve();
    }
  }

  /** What one reader is told, from where the task is now to its end. */
  async *follow(reader: string, signal: AbortSignal): AsyncGenerator<TaskEvent> {
    const follower: Follower = {
      reader,
      changed: new Set(Array.from({ length: this.#task.targets }, (_, position) => position)),
      output: [],
      outputLength: 0,
      isTaskChanged: false,
      bell: Promise.withResolvers(),
      end: new AbortController(),
    };
    this.#followers.add(follower);
    const hangUp = () => follower.bell.resolve();
    signal.addEventListener("abort", hangUp);
    const ended = AbortSignal.any([signal, follower.end.signal]);
    try {
      yield { kind: "task", task: this.#task.summary() };
      while (!signal.aborted) {
        follower.bell = Promise.withResolvers();
        const isOver = this.#task.isOver;
        yield* this.#drain(follower);
        if (isOver) {
          yield { kind: "task", task: this.#task.summary() };
          return;
        }
        if (follower.isTaskChanged) {
          follower.isTaskChanged = false;
          yield { kind: "task", task: this.#task.summary() };
        }
        await follower.bell.promise;
        // Cut short by the end of the task, and by that of the reader, with which the loop ends.
        await wait(this.#coalesceMs, undefined, { signal: ended }).catch(() => {});
      }
    } finally {
      signal.removeEventListener("abort", hangUp);
      this.#followers.delete(follower);
    }
  }

  *#drain(follower: Follower): Generator<TaskEvent> {
    for (const event of follower.output.splice(0)) {
      follower.outputLength -= event.data.length;
      yield event;
    }
    const positions = [...follower.changed];
    follower.changed.clear();
    for (let from = 0; from < positions.length; from += TARGETS_PER_EVENT) {
      const targets = positions.slice(from, from + TARGETS_PER_EVENT)
        .map((position) => this.#task.target(position));
      yield { kind: "targets", targets };
    }
  }
}
