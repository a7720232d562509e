import { planBatches } from "../../shared/tasks/plan_batches.ts";
import type { TaskAmount } from "../../shared/tasks/task_amount.ts";
import type { StoredTarget } from "../store/task_store.ts";

/** An envoy that a task is meant for, as it is now. */
export interface PlannedEnvoy {
  readonly uuid: string;
  readonly hostname: string;
  readonly isConnected: boolean;
  /** Why it gets no tasks; `undefined` if it may. */
  readonly barred: string | undefined;
}

/** Who gets a task when. */
export interface TargetPlan {
  readonly batches: readonly (readonly PlannedEnvoy[])[];
  readonly offline: readonly PlannedEnvoy[];
  readonly skipped: readonly PlannedEnvoy[];
}

/** Plans a task over the envoys that its target hits, in their order. Batches are of those that can be reached now. */
export function planTargets(
  envoys: readonly PlannedEnvoy[],
  sizes: readonly TaskAmount[] | undefined,
): TargetPlan {
  const allowed = envoys.filter(({ barred }) => barred === undefined);
  return {
    batches: planBatches(allowed.filter(({ isConnected }) => isConnected), sizes),
    offline: allowed.filter(({ isConnected }) => !isConnected),
    skipped: envoys.filter(({ barred }) => barred !== undefined),
  };
}

/** The targets of a plan as they are kept: those in batches first, in their order. */
export function targetsOfPlan({ batches, offline, skipped }: TargetPlan): StoredTarget[] {
  const rows = [
    ...batches.flatMap((batch, number) =>
      batch.map((envoy) => ({ envoy, batch: number, verdict: null, reason: null }))
    ),
    ...offline.map((envoy) => ({
      envoy,
      batch: null,
      verdict: "offline" as const,
      reason: "it had no stream when the task was planned",
    })),
    ...skipped.map((envoy) => ({
      envoy,
      batch: null,
      verdict: "skipped" as const,
      reason: envoy.barred ?? null,
    })),
  ];
  return rows.map(({ envoy, ...row }, position) => ({
    ...row,
    position,
    envoyUuid: envoy.uuid,
    hostname: envoy.hostname,
    exitCode: null,
    durationMs: null,
    output: null,
  }));
}
