import type { CapturedOutput } from "../../shared/tasks/captured_output.ts";
import type { TaskStatus, Verdict, VerdictCounts } from "../../shared/tasks/verdict.ts";

/** What a task is, fixed when it was made. */
export interface TaskRecord {
  readonly id: string;
  readonly createdAtMs: number;
  readonly command: string;
  /** The named task that the command comes from. */
  readonly task: string | null;
  readonly params: Readonly<Record<string, string>>;
  readonly target: string;
  readonly operator: string;
  readonly principal: string;
  readonly forced: boolean;
  readonly timeoutSecs: number;
  readonly nice: number;
  /** As they were written: shared/tasks/task_amount.ts. */
  readonly batchSize: string | null;
  readonly maxFailures: string | null;
  readonly healthCheckUrl: string | null;
  readonly targets: number;
  readonly batches: number;
}

/** How far a task is. */
export interface TaskProgress {
  readonly status: TaskStatus;
  /** Why it was aborted or cancelled. */
  readonly reason: string | null;
  /** What happens now. */
  readonly phase: "batch" | "health" | "over";
  /** Number of the batch, from 0: that runs, or that the health check follows. */
  readonly batch: number;
  /** When the batch was sent, and when what has no verdict by then is lost. */
  readonly batchStartedAtMs: number;
  readonly deadlineMs: number;
  readonly isCancelled: boolean;
  readonly finishedAtMs: number | null;
  /** Of the targets that had a verdict when this was written; all of them once it is over. */
  readonly counts: VerdictCounts;
  /** Output kept of all targets, in bytes. */
  readonly outputBytes: number;
}

/** One target of a task, and what came of it. */
export interface StoredTarget {
  readonly position: number;
  readonly envoyUuid: string;
  readonly hostname: string;
  /** `null` if it is in no batch. */
  readonly batch: number | null;
  readonly verdict: Verdict | null;
  readonly exitCode: number | null;
  readonly durationMs: number | null;
  readonly reason: string | null;
  /** `null` where nothing was written, or nothing kept. */
  readonly output: TargetOutput | null;
}

export interface TargetOutput {
  readonly stdout: CapturedOutput;
  readonly stderr: CapturedOutput;
}

export interface StoredTask {
  readonly record: TaskRecord;
  readonly progress: TaskProgress;
}

/** A task as one of its targets sees it. */
export interface TaskOfEnvoy {
  readonly task: StoredTask;
  /** Without its output. */
  readonly target: StoredTarget;
}

export interface TaskTargetFilter {
  /** Positions after this one. */
  readonly after?: number;
  readonly limit: number;
  readonly verdicts?: ReadonlySet<Verdict>;
  readonly withOutput: boolean;
}

/** Tasks and their targets, durable when a method returns. */
export interface TaskRepository {
  /** Adds a task with all of its targets, or nothing; false if the id is taken. */
  add(task: StoredTask, targets: readonly StoredTarget[]): Promise<boolean>;
  find(id: string): Promise<StoredTask | undefined>;
  /** At most `limit` ids that begin so. */
  findIds(prefix: string, limit: number): Promise<string[]>;
  /**
   * Newest first. The cursor is opaque.
   *
   * @throws {CursorError} if the cursor is not one that a page came with.
   */
  list(
    filter: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ tasks: StoredTask[]; nextCursor: string | null }>;
  /**
   * Tasks that an envoy is a target of, newest first, however many others there are. The cursor is opaque.
   *
   * @throws {CursorError} if the cursor is not one that a page came with.
   */
  listOfEnvoy(
    envoyUuid: string,
    filter: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ tasks: TaskOfEnvoy[]; nextCursor: string | null }>;
  /** Tasks that are not over, oldest first. */
  listUnfinished(): Promise<StoredTask[]>;
  saveProgress(id: string, progress: TaskProgress): Promise<void>;
  /** Replaces targets by their position, in one transaction; those of a task that is gone are dropped. */
  saveTargets(targets: ReadonlyMap<string, readonly StoredTarget[]>): Promise<void>;
  /** By position. */
  listTargets(id: string, filter: TaskTargetFilter): Promise<StoredTarget[]>;
  /** The targets that one envoy is of a task: none or one. */
  findTarget(id: string, envoyUuid: string): Promise<StoredTarget | undefined>;
  /**
   * Removes tasks that were over before: the oldest, with at most `limit` rows at a time, so that a large one takes several
   * calls. Answers how many tasks are gone, and whether there is more to remove.
   */
  prune(beforeMs: number, limit: number): Promise<{ tasks: number; isDone: boolean }>;
  /** Of tasks that are over, newest first: when, and the output kept. */
  listFinished(): Promise<{ readonly finishedAtMs: number; readonly outputBytes: number }[]>;
}
