import type { VerdictCounts } from "../../shared/tasks/verdict.ts";
import type { StepStatus, WorkflowStatus } from "../../shared/workflows/advance_workflow.ts";
import type { FailurePolicy } from "../../shared/workflows/workflow.ts";

/** A step as it was when the workflow began: a named task is filled in, and what it sets by default is written out. */
export interface StepRecord {
  readonly name: string;
  readonly command: string;
  readonly task: string | null;
  readonly params: Readonly<Record<string, string>>;
  readonly target: string;
  readonly needs: readonly string[];
  readonly onFailure: FailurePolicy;
  readonly timeoutSecs: number;
  readonly nice: number;
  readonly batchSize: string | null;
  readonly maxFailures: string | null;
  readonly healthCheckUrl: string | null;
}

/** What a run of a workflow is, fixed when it began. */
export interface WorkflowRecord {
  readonly id: string;
  readonly createdAtMs: number;
  readonly name: string;
  readonly description: string;
  readonly operator: string;
  readonly principal: string;
  /** Whether a guardrail was bypassed for one of the steps, or would be. */
  readonly forced: boolean;
  readonly steps: readonly StepRecord[];
}

/** How far a step is. */
export interface StepProgress {
  readonly status: StepStatus;
  readonly reason: string | null;
  readonly taskId: string | null;
  readonly targets: number;
  /** Of its task, once that is over. */
  readonly counts: VerdictCounts;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
}

/** How far a workflow is; steps in the order of the record. */
export interface WorkflowProgress {
  readonly status: WorkflowStatus;
  readonly isCancelled: boolean;
  /** Why it was cancelled. */
  readonly reason: string | null;
  readonly finishedAtMs: number | null;
  readonly steps: readonly StepProgress[];
}

export interface StoredWorkflow {
  readonly record: WorkflowRecord;
  readonly progress: WorkflowProgress;
}

/** Runs of workflows, durable when a method returns. */
export interface WorkflowRepository {
  /** Adds one, or nothing; false if the id is taken. */
  add(workflow: StoredWorkflow): Promise<boolean>;
  find(id: string): Promise<StoredWorkflow | undefined>;
  /** At most `limit` ids that begin so. */
  findIds(prefix: string, limit: number): Promise<string[]>;
  /**
   * Newest first. The cursor is opaque.
   *
   * @throws {CursorError} if the cursor is not one that a page came with.
   */
  list(
    filter: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ workflows: StoredWorkflow[]; nextCursor: string | null }>;
  /** Workflows that are not over, oldest first. */
  listUnfinished(): Promise<StoredWorkflow[]>;
  saveProgress(id: string, progress: WorkflowProgress): Promise<void>;
  /** Removes at most `limit` that were over before, the oldest first; answers how many. */
  prune(beforeMs: number, limit: number): Promise<number>;
}
