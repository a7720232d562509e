import type { Guardrail } from "../../shared/rest/guardrail.ts";
import type { TaskPlan, TaskRequest } from "../../shared/rest/tasks.ts";
import { parseTargetSpec, type TargetSpec } from "../../shared/targeting/target_spec.ts";
import { TargetSpecError } from "../../shared/targeting/target_spec_error.ts";
import {
  parseBatchSize,
  parseMaxFailures,
  type TaskAmount,
  TaskAmountError,
} from "../../shared/tasks/task_amount.ts";
import {
  DEFAULT_TIMEOUT_SECS,
  longestRunMs,
  MAX_BATCHES,
  MAX_TARGETS,
} from "../../shared/tasks/task_limits.ts";
import { answered, refused, type ServiceAnswer } from "../service/service_answer.ts";
import { judgeHealthUrl } from "./health_hosts.ts";
import type { ResolvedTask } from "./named_task.ts";
import { type PlannedEnvoy, planTargets, type TargetPlan } from "./plan_task.ts";

/** A request with everything written out that it, a named task or nobody says, and who gets it when. */
export interface PlannedRequest {
  readonly command: string;
  readonly timeoutSecs: number;
  readonly nice: number;
  readonly batchSize: string | null;
  readonly maxFailures: string | null;
  readonly healthCheckUrl: string | null;
  readonly plan: TargetPlan;
}

/** What a plan is made with. */
export interface PlanningOptions {
  /** `tasks.health_check_hosts`. */
  readonly healthCheckHosts: readonly string[];
  /** The envoys that a target spec hits, by hostname. */
  readonly envoysOf: (target: TargetSpec) => Promise<readonly PlannedEnvoy[]>;
}

/** Reads a request and plans it, or says what of it makes no sense; nothing is sent or recorded. */
export async function planRequest(
  request: TaskRequest,
  defaults: ResolvedTask,
  { healthCheckHosts, envoysOf }: PlanningOptions,
): Promise<ServiceAnswer<PlannedRequest>> {
  const batchSize = request.batchSize ?? defaults.batchSize ?? null;
  const maxFailures = request.maxFailures ?? defaults.maxFailures ?? null;
  const healthCheckUrl = request.healthCheckUrl ?? defaults.healthCheckUrl ?? null;
  let sizes: readonly TaskAmount[] | undefined, target: TargetSpec;
  try {
    sizes = batchSize === null ? undefined : parseBatchSize(batchSize);
    if (maxFailures !== null) parseMaxFailures(maxFailures);
    target = parseTargetSpec(request.target);
  } catch (error) {
    if (error instanceof TaskAmountError || error instanceof TargetSpecError) {
      return refused(400, error.message);
    }
    throw error;
  }
  const problem = healthCheckUrl === null ? null : judgeHealthUrl(healthCheckUrl, healthCheckHosts);
  if (problem !== null) return refused(400, problem);
  const envoys = await envoysOf(target);
  const many = envoys.length > MAX_TARGETS;
  if (many) return refused(400, `${envoys.length} envoys match; a task takes ${MAX_TARGETS}`);
  if (envoys.length === 0) {
    const shown = JSON.stringify(request.target);
    return refused(404, `No envoy matches ${shown}. Try it with: vigocli query`);
  }
  const plan = planTargets(envoys, sizes);
  if (plan.batches.length > MAX_BATCHES) {
    return refused(400, `That makes ${plan.batches.length} batches; a task takes ${MAX_BATCHES}`);
  }
  return answered({
    command: defaults.command,
    timeoutSecs: request.timeoutSecs ?? defaults.timeoutSecs ?? DEFAULT_TIMEOUT_SECS,
    nice: request.nice ?? defaults.nice ?? 0,
    batchSize,
    maxFailures,
    healthCheckUrl,
    plan,
  });
}

/** A plan as the API tells it. */
export function showPlan(
  { plan, command, timeoutSecs, healthCheckUrl }: PlannedRequest,
  task: string | null,
  guardrail: Guardrail | null,
): TaskPlan {
  const names = (envoys: readonly PlannedEnvoy[]) => envoys.map(({ hostname }) => hostname);
  return {
    command,
    task,
    batches: plan.batches.map(names),
    offline: names(plan.offline),
    skipped: plan.skipped.map(({ hostname, barred }) => ({ hostname, reason: barred ?? "" })),
    timeoutSecs,
    longestMs: longestRunMs(plan.batches.length, timeoutSecs, healthCheckUrl !== null),
    guardrail,
  };
}
