import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "../../shared/platform/logging.ts";
import type { WorkflowRun } from "../../shared/rest/workflows.ts";
import { noVerdicts } from "../../shared/tasks/verdict.ts";
import { advanceWorkflow } from "../../shared/workflows/advance_workflow.ts";
import type { Store } from "../store/store.ts";
import type {
  StepProgress,
  StoredWorkflow,
  WorkflowProgress,
  WorkflowRecord,
} from "../store/workflow_store.ts";
import type { TaskDesk } from "../tasks/task_desk.ts";
import { RETURN_MS } from "../tasks/task_run.ts";
import type { TaskService } from "../tasks/task_service.ts";
import { stepOrigin, stepRequest } from "./step_request.ts";
import { takeVerdict } from "./take_verdict.ts";
import { showWorkflow } from "./workflow_views.ts";

/** Until the next try after something was in the way, in ms. */
const RETRY_MS = 1_000;
/** How often a follower is told how far the tasks are, in ms; that a step ends or begins is told at once. */
const LOOK_MS = 1_000;
/** Between two events to a follower, in ms: what changes meanwhile is told together. */
const COALESCE_MS = 100;

export interface WorkflowDeskOptions {
  readonly store: Store;
  readonly tasks: Pick<TaskService, "run">;
  readonly desk: Pick<TaskDesk, "get" | "cancel" | "listen">;
  readonly now: () => number;
  readonly logger: Logger;
}

interface Flow {
  readonly record: WorkflowRecord;
  /** As the store has it. */
  progress: WorkflowProgress;
  /** What is to be done for it, one thing after the other. */
  work: Promise<void>;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Until then a step waits for targets without a stream: after a restart envoys come back one by one. */
  readonly patientUntilMs: number;
  readonly followers: Set<() => void>;
}

/**
 * Carries out the workflows that are not over. Each is looked at whenever something may have changed: what its tasks came to
 * is taken in, what follows is written, and the steps whose turn it is become tasks. A step and its task are written together,
 * so that a restart in between begins none twice and forgets none.
 */
export class WorkflowDesk {
  readonly #options: WorkflowDeskOptions;
  readonly #flows = new Map<string, Flow>();
  readonly #byTask = new Map<string, Flow>();
  #isStopped = false;

  private constructor(options: WorkflowDeskOptions) {
    this.#options = options;
  }

  /** Takes up again what was not over when the server stopped. */
  static async load(options: WorkflowDeskOptions): Promise<WorkflowDesk> {
    const desk = new WorkflowDesk(options);
    options.desk.listen((taskId) => {
      const flow = desk.#byTask.get(taskId);
      if (flow) desk.#advance(flow);
    });
    for (const workflow of await options.store.workflows.listUnfinished()) {
      desk.#open(workflow, options.now() + RETURN_MS);
    }
    return desk;
  }

  /** Workflows that are not over. */
  get size(): number {
    return this.#flows.size;
  }

  /** Readers of one workflow's events. */
  followersOf(id: string): number {
    return this.#flows.get(id)?.followers.size ?? 0;
  }

  /** Begins a workflow that is in the store. */
  start(workflow: StoredWorkflow): void {
    this.#open(workflow, 0);
  }

  /** A workflow as it is now; `undefined` if it is over. */
  get(id: string): StoredWorkflow | undefined {
    return this.#flows.get(id);
  }

  /**
   * Ends a workflow as soon as can be; one that is over, or was cancelled before, stays as it is.
   *
   * @param keep kept in the same transaction.
   */
  async cancel(
    id: string,
    reason: string,
    keep: (inside: Store) => Promise<unknown>,
  ): Promise<void> {
    const flow = this.#flows.get(id);
    if (!flow) return;
    await this.#enqueue(flow, async () => {
      if (flow.progress.isCancelled || flow.progress.status !== "running") return;
      const progress = { ...flow.progress, isCancelled: true, reason };
      await this.#options.store.transaction(async (inside) => {
        await inside.workflows.saveProgress(id, progress);
        await keep(inside);
      });
      this.#change(flow, progress);
    });
    this.#advance(flow);
  }

  /** What one reader is told, from where a workflow is now to its end; `undefined` if it is over. */
  follow(id: string, signal: AbortSignal): AsyncGenerator<WorkflowRun> | undefined {
    const flow = this.#flows.get(id);
    return flow && this.#follow(flow, signal);
  }

  show(workflow: StoredWorkflow): WorkflowRun {
    return showWorkflow(workflow, (id) => this.#options.desk.get(id)?.summary());
  }

  /** Ends what is under way; every workflow goes on with the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { timer } of this.#flows.values()) clearTimeout(timer);
    await Promise.all([...this.#flows.values()].map(({ work }) => work));
  }

  #open({ record, progress }: StoredWorkflow, patientUntilMs: number): void {
    const flow: Flow = {
      record,
      progress,
      work: Promise.resolve(),
      timer: undefined,
      patientUntilMs,
      followers: new Set(),
    };
    this.#flows.set(record.id, flow);
    for (const { taskId } of progress.steps) if (taskId !== null) this.#byTask.set(taskId, flow);
    this.#advance(flow);
  }

  #close(flow: Flow): void {
    clearTimeout(flow.timer);
    this.#flows.delete(flow.record.id);
    for (const { taskId } of flow.progress.steps) {
      if (taskId !== null) this.#byTask.delete(taskId);
    }
    const { id, name } = flow.record;
    this.#options.logger.info("Workflow {id} is over: {status}", {
      id,
      name,
      status: flow.progress.status,
    });
  }

  #enqueue(flow: Flow, job: () => Promise<void>): Promise<void> {
    const done = flow.work.then(job);
    // Its failure is for whoever asked; what comes next goes on.
    flow.work = done.catch(() => {});
    return done;
  }

  /** Does what can be done now, and comes back by itself when something was in the way. */
  #advance(flow: Flow): void {
    this.#enqueue(flow, async () => {
      while (await this.#step(flow));
    }).catch((error) => {
      this.#options.logger.error("Cannot go on with workflow {id}; trying again: {reason}", {
        id: flow.record.id,
        reason: error instanceof Error ? error.stack ?? error.message : String(error),
      });
      this.#retry(flow);
    });
  }

  #retry(flow: Flow): void {
    if (this.#isStopped) return;
    clearTimeout(flow.timer);
    flow.timer = setTimeout(() => this.#advance(flow), RETRY_MS);
  }

  /** @returns whether there may be more to do. */
  async #step(flow: Flow): Promise<boolean> {
    if (this.#isStopped || flow.progress.status !== "running") return false;
    const { record } = flow;
    const { progress, ready } = await this.#settle(flow);
    if (progress !== flow.progress) {
      await this.#options.store.workflows.saveProgress(record.id, progress);
      this.#change(flow, progress);
    }
    if (progress.status !== "running") {
      this.#close(flow);
      return false;
    }
    if (progress.isCancelled) {
      for (const { status, taskId } of progress.steps) {
        if (status !== "running" || taskId === null) continue;
        this.#options.desk.cancel(taskId, progress.reason ?? "its workflow was cancelled");
      }
    }
    let isChanged = false;
    for (const position of ready) {
      if (this.#isStopped) return false;
      if (await this.#begin(flow, position)) isChanged = true;
      else this.#retry(flow);
    }
    return isChanged;
  }

  /** Where the workflow is after what its tasks came to; the same object if nothing has changed. */
  async #settle(
    { record, progress }: Flow,
  ): Promise<{ progress: WorkflowProgress; ready: readonly number[] }> {
    const nowMs = this.#options.now();
    const steps: StepProgress[] = [];
    for (const step of progress.steps) steps.push(await this.#takeVerdict(step, nowMs));
    const settled = advanceWorkflow(record.steps, steps, progress.isCancelled);
    const after = steps.map((step, position) => {
      const state = settled.steps[position];
      if (state === undefined || state.status === step.status) return step;
      return { ...step, status: state.status, reason: state.reason, finishedAtMs: nowMs };
    });
    const isSame = after.every((step, position) => step === progress.steps[position]);
    const { status, ready } = settled;
    if (isSame && status === progress.status) return { progress, ready };
    const finishedAtMs = status === "running" ? null : nowMs;
    return { progress: { ...progress, status, finishedAtMs, steps: after }, ready };
  }

  async #takeVerdict(step: StepProgress, nowMs: number): Promise<StepProgress> {
    const { status, taskId } = step;
    const { desk, store } = this.#options;
    // A task that the desk still has is not over for the store.
    if (status !== "running" || taskId === null || desk.get(taskId)) return step;
    return takeVerdict(step, await store.tasks.find(taskId), nowMs);
  }

  /** Lets a step begin. @returns false if it has to wait. */
  async #begin(flow: Flow, position: number): Promise<boolean> {
    const { record } = flow;
    const step = record.steps[position];
    if (step === undefined) throw new RangeError(`Workflow ${record.id} has no step ${position}`);
    const { tasks, now, store } = this.#options;
    const request = stepRequest(step, record);
    if (now() < flow.patientUntilMs) {
      const preview = await tasks.run(
        { ...request, dryRun: true },
        record.principal,
        stepOrigin(step, record.id),
      );
      if (preview.ok && preview.value.plan.offline.length > 0) return false;
    }
    let progress = flow.progress;
    const answer = await tasks.run(
      request,
      record.principal,
      stepOrigin(step, record.id, async (inside, task) => {
        progress = changeStep(flow.progress, position, {
          status: "running",
          taskId: task.id,
          targets: task.targets,
          startedAtMs: now(),
        });
        this.#byTask.set(task.id, flow);
        await inside.workflows.saveProgress(record.id, progress);
      }),
    );
    if (!answer.ok) {
      // Tasks enough run already.
      if (answer.status === 429) return false;
      const end = { status: "failed", reason: answer.message, finishedAtMs: now() } as const;
      progress = changeStep(flow.progress, position, end);
      await store.workflows.saveProgress(record.id, progress);
    }
    this.#change(flow, progress);
    return true;
  }

  #change(flow: Flow, progress: WorkflowProgress): void {
    flow.progress = progress;
    for (const ring of flow.followers) ring();
  }

  async *#follow(flow: Flow, signal: AbortSignal): AsyncGenerator<WorkflowRun> {
    let bell = new AbortController(), last = "";
    const ring = () => bell.abort();
    flow.followers.add(ring);
    try {
      while (!signal.aborted) {
        bell = new AbortController();
        const shown = this.show(flow);
        const text = JSON.stringify(shown);
        if (text !== last) yield shown;
        last = text;
        if (shown.status !== "running") return;
        const either = AbortSignal.any([signal, bell.signal]);
        await wait(LOOK_MS, undefined, { signal: either }).catch(() => {});
        await wait(COALESCE_MS, undefined, { signal }).catch(() => {});
      }
    } finally {
      flow.followers.delete(ring);
    }
  }
}

/** Where each step of a workflow is when it begins. */
export function freshProgress(record: WorkflowRecord): WorkflowProgress {
  return {
    status: "running",
    isCancelled: false,
    reason: null,
    finishedAtMs: null,
    steps: record.steps.map((): StepProgress => ({
      status: "waiting",
      reason: null,
      taskId: null,
      targets: 0,
      counts: noVerdicts(),
      startedAtMs: null,
      finishedAtMs: null,
    })),
  };
}

function changeStep(
  progress: WorkflowProgress,
  position: number,
  change: Partial<StepProgress>,
): WorkflowProgress {
  const steps = progress.steps.map((step, at) => at === position ? { ...step, ...change } : step);
  return { ...progress, steps };
}
