import type { FailurePolicy } from "./workflow.ts";

/**
 * Where a step is. `waiting` for what it needs, or `running`; then `complete` if every target of its task is, `failed` if not or
 * if the task could not begin, `cancelled` if somebody cancelled it, and `skipped` if it never began since another did not
 * complete.
 */
export const STEP_STATUSES = [
  "waiting",
  "running",
  "complete",
  "failed",
  "cancelled",
  "skipped",
] as const;
export type StepStatus = typeof STEP_STATUSES[number];

/** Where a workflow is: `running` until no step waits or runs; `cancelled` if it was, `complete` if every step is, else `failed`. */
export const WORKFLOW_STATUSES = ["running", "complete", "failed", "cancelled"] as const;
export type WorkflowStatus = typeof WORKFLOW_STATUSES[number];

/** What of a step decides who begins when. */
export interface OrderedStep {
  readonly name: string;
  readonly needs: readonly string[];
  readonly onFailure: FailurePolicy;
}

export interface StepState {
  readonly status: StepStatus;
  /** Why it did not complete, in one line. */
  readonly reason: string | null;
}

/** What follows from where the steps are. */
export interface Advance {
  readonly status: WorkflowStatus;
  /** The same steps, of which those are over now that will never begin. */
  readonly steps: readonly StepState[];
  /** Positions of the steps that are to begin now. */
  readonly ready: readonly number[];
}

/**
 * Decides what goes on in a workflow. It looks at where the steps are and at nothing else, so that asking again, also after a
 * restart, gives the same answer.
 *
 * A step begins when all that it needs is complete. One that fails ends what needs it, and with `stop` all that has not begun;
 * what runs goes on to its end.
 *
 * @param steps as they were judged: unique names, needs that exist, no circle.
 * @param states of the same steps, in the same order.
 */
export function advanceWorkflow(
  steps: readonly OrderedStep[],
  states: readonly StepState[],
  isCancelled: boolean,
): Advance {
  const now = new Map(steps.map((step, position) => [step.name, stateAt(states, position)]));
  // Not one that was skipped: it failed nobody.
  const stopper = steps.find(({ name, onFailure }) => {
    const status = now.get(name)?.status;
    return onFailure === "stop" && (status === "failed" || status === "cancelled");
  });
  // A skip skips what comes after it; without circles this ends.
  for (let isSettled = false; !isSettled;) {
    isSettled = true;
    for (const { name, needs } of steps) {
      if (now.get(name)?.status !== "waiting") continue;
      const missed = needs.find((need) => isFailed(now.get(need)));
      const end = isCancelled
        ? ended("cancelled", "the workflow was cancelled before its turn")
        : missed !== undefined
        ? ended("skipped", `it needs ${missed}, which ${describe(now.get(missed))}`)
        : stopper !== undefined
        ? ended("skipped", `${stopper.name} ${describe(now.get(stopper.name))}`)
        : undefined;
      if (end === undefined) continue;
      now.set(name, end);
      isSettled = false;
    }
  }
  const settled = steps.map(({ name }, position) => now.get(name) ?? stateAt(states, position));
  const ready = steps.flatMap(({ needs }, position) =>
    settled[position]?.status === "waiting" &&
      needs.every((need) => now.get(need)?.status === "complete")
      ? [position]
      : []
  );
  return { status: statusOf(settled, isCancelled), steps: settled, ready };
}

function statusOf(states: readonly StepState[], isCancelled: boolean): WorkflowStatus {
  if (states.some(({ status }) => status === "waiting" || status === "running")) return "running";
  if (states.every(({ status }) => status === "complete")) return "complete";
  return isCancelled ? "cancelled" : "failed";
}

/** Whether a step is over and what needs it will never begin. */
function isFailed(state: StepState | undefined): boolean {
  return state?.status === "failed" || state?.status === "cancelled" || state?.status === "skipped";
}

function describe(state: StepState | undefined): string {
  return state?.status === "failed" ? "failed" : `was ${state?.status}`;
}

function ended(status: "cancelled" | "skipped", reason: string): StepState {
  return { status, reason };
}

function stateAt(states: readonly StepState[], position: number): StepState {
  const state = states[position];
  if (state === undefined) throw new RangeError(`A workflow has no step at ${position}`);
  return state;
}
