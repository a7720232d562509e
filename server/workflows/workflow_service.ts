import type { Guardrail } from "../../shared/rest/guardrail.ts";
import type { TaskPlan } from "../../shared/rest/tasks.ts";
import type {
  WorkflowPlan,
  WorkflowRequest,
  WorkflowRun,
  WorkflowSummary,
} from "../../shared/rest/workflows.ts";
import { DEFAULT_TIMEOUT_SECS } from "../../shared/tasks/task_limits.ts";
import type { WorkflowStep } from "../../shared/workflows/workflow.ts";
import { makeWorkflowId } from "../../shared/workflows/workflow_id.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import { answered, type Refused, refused, type ServiceAnswer } from "../service/service_answer.ts";
import type { Store } from "../store/store.ts";
import type { StepRecord, StoredWorkflow, WorkflowRecord } from "../store/workflow_store.ts";
import { auditedCommand } from "../tasks/audited_command.ts";
import type { ResolvedTask } from "../tasks/named_task.ts";
import type { Blocked, TaskService } from "../tasks/task_service.ts";
import { stepOrigin, stepRequest } from "./step_request.ts";
import { freshProgress, type WorkflowDesk } from "./workflow_desk.ts";
import { summarizeWorkflow } from "./workflow_views.ts";

/** Workflows that may run at once. */
const MAX_RUNNING_WORKFLOWS = 50;
/** Readers of one workflow's events. */
const MAX_FOLLOWERS = 32;
/** Hostnames in the plan of a dry run, over all steps: some 5 MiB. */
const MAX_PLANNED_HOSTS = 200_000;
/** Shortest beginning of an id that names a workflow. */
const MIN_PREFIX = 4;

export interface WorkflowServiceOptions {
  readonly store: Store;
  readonly desk: WorkflowDesk;
  readonly tasks: Pick<TaskService, "run" | "resolve">;
  readonly audit: Pick<AuditLog, "record" | "recordInside">;
  readonly now: () => number;
}

/** A step that could be run now, and what that would do. */
interface PlannedStep {
  readonly record: StepRecord;
  readonly plan: TaskPlan;
}

/** What people ask of workflows. */
export class WorkflowService {
  readonly #options: WorkflowServiceOptions;

  constructor(options: WorkflowServiceOptions) {
    this.#options = options;
  }

  /** Runs a workflow, or shows what it would do. Before anything is sent, every step is planned and its command judged. */
  async run(
    { workflow, operator, dryRun, force }: WorkflowRequest,
    principal: string,
  ): Promise<ServiceAnswer<{ workflow: WorkflowRun | null; plan: WorkflowPlan | null }> | Blocked> {
    const steps: PlannedStep[] = [];
    for (const step of workflow.steps) {
      const planned = await this.#plan(step, principal);
      if (!planned.ok) return inStep(step.name, planned);
      steps.push(planned.value);
    }
    if (dryRun) return showPlan(steps);
    const { desk, now } = this.#options;
    const guarded = steps.find(({ plan }) => plan.guardrail !== null);
    if (guarded?.plan.guardrail && !force) {
      return await this.#block(workflow.name, guarded.record, guarded.plan.guardrail, {
        operator,
        principal,
      });
    }
    if (desk.size >= MAX_RUNNING_WORKFLOWS) {
      return refused(
        429,
        `${desk.size} workflows run already; wait for one to end, or cancel one`,
      );
    }
    const record: WorkflowRecord = {
      id: makeWorkflowId(),
      createdAtMs: now(),
      name: workflow.name,
      description: workflow.description,
      operator,
      principal,
      forced: guarded !== undefined,
      steps: steps.map((step) => step.record),
    };
    const stored = { record, progress: freshProgress(record) };
    await this.#add(stored);
    desk.start(stored);
    return answered({ workflow: desk.show(desk.get(record.id) ?? stored), plan: null });
  }

  async list(
    filter: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ workflows: WorkflowSummary[]; nextCursor: string | null }> {
    const { store, desk } = this.#options;
    const { workflows, nextCursor } = await store.workflows.list(filter);
    return {
      workflows: workflows.map((one) => summarizeWorkflow(desk.get(one.record.id) ?? one)),
      nextCursor,
    };
  }

  async show(id: string): Promise<ServiceAnswer<WorkflowRun>> {
    const found = await this.#find(id);
    return found.ok ? answered(this.#show(found.value)) : found;
  }

  /** Ends a workflow; one that is over stays as it is. */
  async cancel(
    id: string,
    operator: string,
    principal: string,
  ): Promise<ServiceAnswer<WorkflowRun>> {
    const found = await this.#find(id);
    if (!found.ok) return found;
    const { desk, audit, store } = this.#options;
    const { record } = found.value;
    const reason = `cancelled by ${operator === "" ? principal : operator}`;
    await desk.cancel(
      record.id,
      reason,
      (inside) =>
        audit.recordInside(inside, { name: principal }, "workflow.cancel", {
          id: record.id,
          workflow: record.name,
          operator,
        }),
    );
    return answered(this.#show(await store.workflows.find(record.id) ?? found.value));
  }

  /** What happens to a workflow from now to its end. */
  async follow(
    id: string,
    signal: AbortSignal,
  ): Promise<ServiceAnswer<AsyncGenerator<WorkflowRun>>> {
    const found = await this.#find(id);
    if (!found.ok) return found;
    const { desk } = this.#options;
    const followers = desk.followersOf(found.value.record.id);
    if (followers >= MAX_FOLLOWERS) {
      return refused(429, `${followers} readers follow this workflow already`);
    }
    const events = desk.follow(found.value.record.id, signal);
    return answered(events ?? only(this.#show(found.value)));
  }

  #show(workflow: StoredWorkflow): WorkflowRun {
    const { desk } = this.#options;
    return desk.show(desk.get(workflow.record.id) ?? workflow);
  }

  async #plan(step: WorkflowStep, principal: string): Promise<ServiceAnswer<PlannedStep>> {
    const { tasks } = this.#options;
    const { command, task, params } = step;
    const resolved = await tasks.resolve({ command, task, params });
    if (!resolved.ok) return resolved;
    const record = fixStep(step, resolved.value);
    const request = stepRequest(record, { operator: "", forced: false });
    const preview = await tasks.run(
      { ...request, dryRun: true },
      principal,
      stepOrigin(record, ""),
    );
    return preview.ok ? answered({ record, plan: preview.value.plan }) : preview;
  }

  async #block(
    workflow: string,
    { name, command, task, target }: StepRecord,
    guardrail: Guardrail,
    { operator, principal }: { readonly operator: string; readonly principal: string },
  ): Promise<Blocked> {
    await this.#options.audit.record({ name: principal }, "task.blocked", {
      ...auditedCommand(command),
      ...(task === null ? {} : { task }),
      target,
      operator,
      workflow,
      step: name,
      ...guardrail,
    });
    const { reason, pattern } = guardrail;
    const message = `A guardrail refuses its command, since it ${reason}: ${pattern}`;
    return { ...inStep(name, refused(423, message)), guardrail };
  }

  /** The workflow and its record in the audit log are kept together or not at all, and before anybody is sent anything. */
  async #add(workflow: StoredWorkflow): Promise<void> {
    const { store, audit } = this.#options;
    const { id, name, operator, principal, forced, steps } = workflow.record;
    await store.transaction(async (inside) => {
      if (!await inside.workflows.add(workflow)) throw new Error(`workflow id ${id} is taken`);
      await audit.recordInside(inside, { name: principal }, "workflow.run", {
        id,
        workflow: name,
        steps: steps.map((step) => step.name).join(", "),
        operator,
        forced,
      });
    });
  }

  async #find(id: string): Promise<ServiceAnswer<StoredWorkflow>> {
    const { workflows } = this.#options.store;
    const exact = await workflows.find(id);
    if (exact) return answered(exact);
    const ids = id.length >= MIN_PREFIX && /^w[0-9a-z]+$/.test(id)
      ? await workflows.findIds(id, 2)
      : [];
    const [single, another] = ids;
    if (another !== undefined) {
      return refused(400, `Several workflows begin with ${JSON.stringify(id)}: write more of it`);
    }
    const found = single === undefined ? undefined : await workflows.find(single);
    return found ? answered(found) : refused(
      404,
      `No workflow has the id ${JSON.stringify(id)}. List them with: vigocli workflow list`,
    );
  }
}

/** A step with everything written out that a named task, or nobody, says of it. */
function fixStep(step: WorkflowStep, resolved: ResolvedTask): StepRecord {
  return {
    name: step.name,
    command: resolved.command,
    task: step.task ?? null,
    params: step.params,
    target: step.target,
    needs: step.needs,
    onFailure: step.onFailure,
    timeoutSecs: step.timeoutSecs ?? resolved.timeoutSecs ?? DEFAULT_TIMEOUT_SECS,
    nice: step.nice ?? resolved.nice ?? 0,
    batchSize: step.batchSize ?? resolved.batchSize ?? null,
    maxFailures: step.maxFailures ?? resolved.maxFailures ?? null,
    healthCheckUrl: step.healthCheckUrl ?? resolved.healthCheckUrl ?? null,
  };
}

function showPlan(
  steps: readonly PlannedStep[],
): ServiceAnswer<{ workflow: null; plan: WorkflowPlan }> {
  const hosts = steps.reduce(
    (sum, { plan: { batches, offline, skipped } }) =>
      batches.reduce((all, { length }) => all + length, sum + offline.length + skipped.length),
    0,
  );
  if (hosts > MAX_PLANNED_HOSTS) {
    return refused(
      400,
      `The steps have ${hosts} targets, a plan shows ${MAX_PLANNED_HOSTS}. Plan fewer steps`,
    );
  }
  return answered({
    workflow: null,
    plan: {
      steps: steps.map(({ record: { name, needs, onFailure, target }, plan }) => ({
        name,
        needs: [...needs],
        onFailure,
        target,
        plan,
      })),
    },
  });
}

function inStep(name: string, refusal: Refused): Refused {
  return { ...refusal, message: `Step ${JSON.stringify(name)}: ${refusal.message}` };
}

async function* only<Value>(value: Value): AsyncGenerator<Value> {
  yield await Promise.resolve(value);
}
