import { judgeCommand } from "../../shared/guardrails/judge_command.ts";
import type { Guardrail } from "../../shared/rest/guardrail.ts";
import type {
  TaskEvent,
  TaskPlan,
  TaskRequest,
  TaskResult,
  TaskSummary,
  TaskTarget,
} from "../../shared/rest/tasks.ts";
import { keptBytes } from "../../shared/tasks/captured_output.ts";
import { makeTaskId } from "../../shared/tasks/task_id.ts";
import { noVerdicts, type Verdict } from "../../shared/tasks/verdict.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import { answered, type Refused, refused, type ServiceAnswer } from "../service/service_answer.ts";
import type { Store } from "../store/store.ts";
import { CursorError } from "../store/store_error.ts";
import type { StoredTarget, StoredTask, TaskRecord } from "../store/task_store.ts";
import { auditedCommand } from "./audited_command.ts";
import type { ResolvedTask, ResolveNamedTask } from "./named_task.ts";
import { type PlanningOptions, planRequest, showPlan } from "./plan_request.ts";
import { targetsOfPlan } from "./plan_task.ts";
import type { TaskDesk } from "./task_desk.ts";
import { FRESH_RUN } from "./task_run.ts";
import { showResult, showTarget, summarizeTask } from "./task_views.ts";

/** Tasks that may run at once. */
const MAX_RUNNING_TASKS = 100;
/** Readers of one task's events. */
const MAX_FOLLOWERS = 32;
/** Of these, one reader's: nobody takes all places. */
const MAX_FOLLOWERS_OF_ONE = 16;
/** Output in one page of results, in bytes, about. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
/** Targets read from the store at a time: each may have 2 MiB of output. */
const RESULTS_PER_READ = 4;
/** Shortest beginning of an id that names a task. */
const MIN_PREFIX = 4;

/** A refusal by a guardrail, which can be bypassed. */
export interface Blocked extends Refused {
  readonly guardrail: Guardrail;
}

export interface TaskServiceOptions extends PlanningOptions {
  readonly store: Store;
  readonly desk: TaskDesk;
  readonly audit: Pick<AuditLog, "record" | "recordInside">;
  readonly now: () => number;
  readonly resolveNamed: ResolveNamedTask;
}

/** What stands behind a task that is part of something larger. */
export interface TaskOrigin {
  /** The command of a named task, filled in before. */
  readonly resolved: ResolvedTask;
  /** Named beside the task in the audit log. */
  readonly about: Readonly<Record<string, string>>;
  /** Kept in the same transaction as the task. */
  readonly keep: (inside: Store, task: TaskRecord) => Promise<void>;
}

/** What people ask of tasks. */
export class TaskService {
  readonly #options: TaskServiceOptions;
  /** Tasks whose cancel is being recorded, so that two at once are one. */
  readonly #cancelling = new Map<string, Promise<void>>();

  constructor(options: TaskServiceOptions) {
    this.#options = options;
  }

  /** Runs a task, or shows what it would do. @param origin of one that nobody asked for by itself. */
  async run(
    request: TaskRequest,
    principal: string,
    origin?: TaskOrigin,
  ): Promise<ServiceAnswer<{ task: TaskSummary | null; plan: TaskPlan }> | Blocked> {
    const resolved = origin?.resolved === undefined
      ? await this.resolve(request)
      : answered(origin.resolved);
    const read = resolved.ok ? await planRequest(request, resolved.value, this.#options) : resolved;
    if (!read.ok) return read;
    const { plan, command } = read.value;
    const verdict = judgeCommand(command, "/");
    const guardrail = verdict.ok ? null : { reason: verdict.reason, pattern: verdict.pattern };
    const shown = showPlan(read.value, request.task ?? null, guardrail);
    if (request.dryRun) return answered({ task: null, plan: shown });
    const { operator } = request;
    const { audit, desk, now } = this.#options;
    const about = {
      ...auditedCommand(command),
      ...(request.task === undefined ? {} : { task: request.task }),
      target: request.target,
      operator,
      ...origin?.about,
    };
    if (guardrail !== null && !request.force) {
      await audit.record({ name: principal }, "task.blocked", { ...about, ...guardrail });
      return {
        ok: false,
        status: 423,
        message:
          `A guardrail refuses this command, since it ${guardrail.reason}: ${guardrail.pattern}`,
        guardrail,
      };
    }
    if (desk.size >= MAX_RUNNING_TASKS) {
      return refused(429, `${desk.size} tasks run already; wait for one to end, or cancel one`);
    }
    const targets = targetsOfPlan(plan);
    const task: StoredTask = {
      record: {
        id: makeTaskId(),
        createdAtMs: now(),
        command,
        task: request.task ?? null,
        params: request.params,
        target: request.target,
        operator,
        principal,
        forced: guardrail !== null,
        timeoutSecs: read.value.timeoutSecs,
        nice: read.value.nice,
        batchSize: read.value.batchSize,
        maxFailures: read.value.maxFailures,
        healthCheckUrl: read.value.healthCheckUrl,
        targets: targets.length,
        batches: plan.batches.length,
      },
      progress: { ...FRESH_RUN, counts: noVerdicts(), outputBytes: 0 },
    };
    await this.#add(task, targets, principal, {
      ...about,
      ...(guardrail === null ? {} : { pattern: guardrail.pattern }),
    }, origin?.keep);
    return answered({ task: desk.start(task, targets).summary(), plan: shown });
  }

  /** The command that is asked for, or that of a named task with its parameters filled in. */
  async resolve(
    { command = "", task, params }: Pick<TaskRequest, "command" | "task" | "params">,
  ): Promise<ServiceAnswer<ResolvedTask>> {
    return task === undefined
      ? answered({ command })
      : await this.#options.resolveNamed(task, params);
  }

  async list(
    filter: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ tasks: TaskSummary[]; nextCursor: string | null }> {
    const { tasks, nextCursor } = await this.#options.store.tasks.list(filter);
    return { tasks: tasks.map((task) => this.#summarize(task)), nextCursor };
  }

  /** The tasks that an envoy was a target of, newest first, with what came of each there. */
  async ofEnvoy(
    envoyUuid: string,
    filter: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ tasks: { task: TaskSummary; target: TaskTarget }[]; nextCursor: string | null }> {
    const { tasks, nextCursor } = await this.#options.store.tasks.listOfEnvoy(envoyUuid, filter);
    return {
      tasks: tasks.map(({ task, target }) => ({
        task: this.#summarize(task),
        target: showTarget(target, this.#stateOf(task.record.id, target)),
      })),
      nextCursor,
    };
  }

  async show(id: string): Promise<ServiceAnswer<TaskSummary>> {
    const found = await this.#find(id);
    return found.ok ? answered(this.#summarize(found.value)) : found;
  }

  async results(
    id: string,
    { limit, cursor, output, verdict }: {
      readonly limit: number;
      readonly cursor?: string;
      readonly output: boolean;
      readonly verdict?: readonly Verdict[];
    },
  ): Promise<ServiceAnswer<{ results: TaskResult[]; nextCursor: string | null }>> {
    const found = await this.#find(id);
    if (!found.ok) return found;
    const { record } = found.value;
    // Who has read that a task is over finds here what came of it.
    await this.#options.desk.written();
    const verdicts = verdict === undefined ? {} : { verdicts: new Set(verdict) };
    const results: TaskResult[] = [];
    let after = cursor === undefined ? -1 : readCursor(cursor), bytes = 0;
    for (;;) {
      const room = limit - results.length;
      const step = output ? Math.min(room, RESULTS_PER_READ) : room;
      const page = await this.#options.store.tasks.listTargets(record.id, {
        after,
        limit: step,
        withOutput: output,
        ...verdicts,
      });
      for (const target of page) {
        results.push(showResult(target, this.#stateOf(record.id, target)));
        bytes += bytesOf(target);
        after = target.position;
      }
      if (page.length < step) return answered({ results, nextCursor: null });
      if (results.length >= limit || bytes >= MAX_PAGE_BYTES) {
        return answered({ results, nextCursor: String(after) });
      }
    }
  }

  /** Ends a task; one that is over stays as it is. */
  async cancel(
    id: string,
    operator: string,
    principal: string,
  ): Promise<ServiceAnswer<TaskSummary>> {
    const found = await this.#find(id);
    if (!found.ok) return found;
    const { id: known } = found.value.record;
    const underWay = this.#cancelling.get(known) ?? this.#cancel(known, operator, principal);
    this.#cancelling.set(known, underWay);
    await underWay.finally(() => this.#cancelling.delete(known));
    return answered(this.#summarize(found.value));
  }

  /** Recorded before it is done: what cannot be recorded does not happen. */
  async #cancel(id: string, operator: string, principal: string): Promise<void> {
    const { desk, audit } = this.#options;
    const live = desk.get(id);
    if (!live || live.isOver || live.run.state.isCancelled) return;
    await audit.record({ name: principal }, "task.cancel", { id, operator });
    desk.cancel(id, `cancelled by ${operator === "" ? principal : operator}`);
  }

  /** What happens to a task from now to its end, told to `reader`. */
  async follow(
    id: string,
    reader: string,
    signal: AbortSignal,
  ): Promise<ServiceAnswer<AsyncGenerator<TaskEvent>>> {
    const found = await this.#find(id);
    if (!found.ok) return found;
    const live = this.#options.desk.get(found.value.record.id);
    if (!live) return answered(this.#replay(found.value, signal));
    const { followers } = live;
    if (followers.count >= MAX_FOLLOWERS) {
      return refused(429, `${followers.count} readers follow this task already`);
    }
    const own = followers.countOf(reader);
    if (own >= MAX_FOLLOWERS_OF_ONE) {
      return refused(429, `${own} streams of ${reader} follow this task already: close some`);
    }
    return answered(followers.follow(reader, signal));
  }

  async *#replay(task: StoredTask, signal: AbortSignal): AsyncGenerator<TaskEvent> {
    yield { kind: "task", task: summarizeTask(task, 0) };
    for (let after = -1; !signal.aborted;) {
      const targets = await this.#options.store.tasks.listTargets(task.record.id, {
        after,
        limit: 500,
        withOutput: false,
      });
      const last = targets.at(-1);
      if (last === undefined) break;
      after = last.position;
      yield { kind: "targets", targets: targets.map((one) => showTarget(one, "over")) };
    }
    yield { kind: "task", task: summarizeTask(task, 0) };
  }

  /** The task and its record in the audit log are kept together or not at all, and before anybody is sent it. */
  async #add(
    task: StoredTask,
    targets: readonly StoredTarget[],
    principal: string,
    about: Readonly<Record<string, string>>,
    keep?: TaskOrigin["keep"],
  ): Promise<void> {
    const { store, audit } = this.#options;
    const { id, forced } = task.record;
    await store.transaction(async (inside) => {
      if (!await inside.tasks.add(task, targets)) throw new Error(`task id ${id} is taken`);
      await audit.recordInside(inside, { name: principal }, "task.dispatch", {
        id,
        ...about,
        targets: targets.length,
        forced,
      });
      await keep?.(inside, task.record);
    });
  }

  #summarize(task: StoredTask): TaskSummary {
    return this.#options.desk.get(task.record.id)?.summary() ?? summarizeTask(task, 0);
  }

  #stateOf(id: string, { position, verdict }: StoredTarget): TaskResult["state"] {
    // A verdict that is not written yet would stand here without what came with it.
    if (verdict !== null) return "over";
    const state = this.#options.desk.get(id)?.run.target(position).state ?? "waiting";
    return state === "over" ? "running" : state;
  }

  async #find(id: string): Promise<ServiceAnswer<StoredTask>> {
    const { tasks } = this.#options.store;
    const exact = await tasks.find(id);
    if (exact) return answered(exact);
    const ids = id.length >= MIN_PREFIX && /^t[0-9a-z]+$/.test(id)
      ? await tasks.findIds(id, 2)
      : [];
    const [only, another] = ids;
    if (another !== undefined) {
      return refused(400, `Several tasks begin with ${JSON.stringify(id)}: write more of the id`);
    }
    const found = only === undefined ? undefined : await tasks.find(only);
    return found ? answered(found) : refused(
      404,
      `No task has the id ${JSON.stringify(id)}. List them with: vigocli task list`,
    );
  }
}

function bytesOf({ output }: StoredTarget): number {
  return output === null ? 0 : keptBytes(output.stdout) + keptBytes(output.stderr);
}

/** @throws {CursorError} if the text is no position. */
function readCursor(cursor: string): number {
  if (!/^\d{1,9}$/.test(cursor)) throw new CursorError(cursor);
  return Number(cursor);
}
