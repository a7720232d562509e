import { isOverLimit, type TaskAmount } from "../../shared/tasks/task_amount.ts";
import { GRACE_MS, HEALTH_CHECK_MS, START_WINDOW_MS } from "../../shared/tasks/task_limits.ts";
import {
  type AgentVerdict,
  isFailure,
  noVerdicts,
  type Verdict,
  type VerdictCounts,
  VERDICTS,
} from "../../shared/tasks/verdict.ts";
import type { TaskProgress } from "../store/task_store.ts";

/** What of a task decides how it goes. */
export interface RunPlan {
  readonly timeoutMs: number;
  readonly maxFailures: TaskAmount | null;
  readonly hasHealthCheck: boolean;
}

/** One target, as a run knows it. */
export interface RunTarget {
  readonly position: number;
  readonly envoyUuid: string;
  /** `null` if it is in none; it then has a verdict from the beginning. */
  readonly batch: number | null;
  readonly verdict: Verdict | null;
}

/** Where a run is; what of it must outlive the process. */
export type RunState = Omit<TaskProgress, "counts" | "outputBytes">;

/** Where every run begins. */
export const FRESH_RUN: RunState = {
  status: "running",
  reason: null,
  phase: "batch",
  batch: 0,
  batchStartedAtMs: 0,
  deadlineMs: 0,
  isCancelled: false,
  finishedAtMs: null,
};

/** What a run wants done, in this order. */
export type RunEffect =
  /** The state has changed in a way that must be durable before anything that follows is done. */
  | { readonly kind: "save" }
  /** Give the envoy its dispatch, be it again; {@linkcode TaskRun.noteUnsent} if that cannot be. */
  | { readonly kind: "send"; readonly position: number }
  /** Tell the envoy to end the task, be it again. */
  | { readonly kind: "recall"; readonly position: number }
  /** Probe the health check's address, and tell {@linkcode TaskRun.noteHealth}. */
  | { readonly kind: "probe" }
  /** The target has this verdict for good. */
  | {
    readonly kind: "verdict";
    readonly position: number;
    readonly verdict: Verdict;
    readonly reason: string | null;
  };

/** How an agent's result stands to the run. */
export type ResultFit = "taken" | "late" | "unknown";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

interface Target extends Mutable<RunTarget> {
  state: "waiting" | "sent" | "running" | "over";
}

/** How long after a restart of the server a batch waits for its agents at least, in ms: they come back within a minute. */
export const RETURN_MS = 90_000;

/**
 * One run of a task, without a clock, a network or a disk: what happens goes in with the time at which it does, and what is
 * to be done comes out.
 *
 * Batches go one after the other; the next begins when everybody of the last has a verdict, the failures are within the
 * limit, and the health check found what it wanted. A batch ends at its deadline at the latest: what was sent and never
 * answered is lost then. So a run is over after the sum of them, whatever the agents do.
 */
export class TaskRun {
  readonly #plan: RunPlan;
  readonly #targets = new Map<number, Target>();
  readonly #byEnvoy = new Map<string, Target>();
  readonly #batches: Target[][] = [];
  readonly #counts = noVerdicts();
  readonly #planned: number;
  /** Targets of the batch that runs, without a verdict; and of all, that are sent or running. */
  #open = 0;
  #running = 0;
  #state: Mutable<RunState>;

  /** @param state of a run that began in an earlier process. */
  constructor(plan: RunPlan, targets: readonly RunTarget[], state = FRESH_RUN) {
    this.#plan = plan;
    for (const target of targets) {
      const own: Target = { ...target, state: target.verdict === null ? "waiting" : "over" };
      this.#targets.set(target.position, own);
      this.#byEnvoy.set(target.envoyUuid, own);
      if (target.batch !== null) (this.#batches[target.batch] ??= []).push(own);
      if (target.verdict !== null) this.#counts[target.verdict] += 1;
    }
    this.#planned = this.#batches.reduce((sum, batch) => sum + batch.length, 0);
    this.#state = { ...state };
  }

  get state(): RunState {
    return { ...this.#state };
  }

  get counts(): VerdictCounts {
    return { ...this.#counts };
  }

  /** Targets that were sent the task and have no verdict. */
  get running(): number {
    return this.#running;
  }

  /** Targets without a verdict that were not sent it. */
  get waiting(): number {
    const over = Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
    return this.#targets.size - over - this.#running;
  }

  get isOver(): boolean {
    return this.#state.phase === "over";
  }

  /** Where a target is now. @throws {RangeError} if there is none at the position. */
  target(position: number): Readonly<Target> {
    const target = this.#targets.get(position);
    if (target === undefined) throw new RangeError(`A task has no target at ${position}`);
    return target;
  }

  positionOf(envoyUuid: string): number | undefined {
    return this.#byEnvoy.get(envoyUuid)?.position;
  }

  /** When something happens by itself, in ms since 1970; `undefined` once it is over. */
  get wakeAtMs(): number | undefined {
    const { phase, deadlineMs, batchStartedAtMs } = this.#state;
    if (phase === "over") return undefined;
    // Whoever is sent or running is in this batch, since the one before has ended.
    const isSomebodyWaiting = phase === "batch" && this.#open > this.#running;
    return isSomebodyWaiting
      ? Math.min(deadlineMs, batchStartedAtMs + START_WINDOW_MS)
      : deadlineMs;
  }

  /** Begins the first batch. */
  begin(nowMs: number): RunEffect[] {
    return this.#beginBatch(0, nowMs);
  }

  /** Goes on after a restart. Whoever is in the batch may have been sent the task, and is asked when it comes back. */
  resume(nowMs: number): RunEffect[] {
    const { phase, isCancelled } = this.#state;
    if (phase === "over") return [];
    // The server ended between keeping it and beginning it: nobody was sent anything.
    if (this.#state.deadlineMs === 0) return this.begin(nowMs);
    const forgotten = [...this.#targets.values()].filter(({ state, batch }) =>
      state !== "over" && batch !== null &&
      (batch < this.#state.batch || (phase === "health" && batch === this.#state.batch))
    ).flatMap((target) => this.#judge(target, "lost", "the server lost its result in a crash"));
    if (phase === "health") {
      this.#state.deadlineMs = nowMs + HEALTH_CHECK_MS + GRACE_MS;
      return [...forgotten, { kind: "save" }, { kind: "probe" }];
    }
    const patienceMs = isCancelled ? GRACE_MS : RETURN_MS;
    this.#state.deadlineMs = Math.max(this.#state.deadlineMs, nowMs + patienceMs);
    this.#open = 0;
    for (const target of this.#current()) {
      if (target.verdict !== null) continue;
      this.#open += 1;
      this.#setState(target, "sent");
    }
    return [...forgotten, { kind: "save" }, ...this.#endBatchIfDone(nowMs)];
  }

  /** What was to be sent could not be: the envoy has no stream. */
  noteUnsent(position: number): void {
    const target = this.#targets.get(position);
    if (target?.state === "sent") this.#setState(target, "waiting");
  }

  /** The envoy has a stream again, or has another one. */
  noteStream(envoyUuid: string, nowMs: number): RunEffect[] {
    const target = this.#byEnvoy.get(envoyUuid);
    if (!target || this.#state.phase !== "batch" || target.batch !== this.#state.batch) return [];
    const { position, state } = target;
    if (state === "over") return [];
    if (this.#state.isCancelled) return [{ kind: "recall", position }];
    if (state === "waiting") {
      if (nowMs >= this.#state.batchStartedAtMs + START_WINDOW_MS) return [];
      this.#setState(target, "sent");
    }
    return [{ kind: "send", position }];
  }

  /** The command has been started there. @returns whether that is news. */
  noteStarted(envoyUuid: string): boolean {
    const target = this.#byEnvoy.get(envoyUuid);
    if (target?.state !== "sent") return false;
    target.state = "running";
    return true;
  }

  /** What an agent says of the task. */
  noteResult(
    envoyUuid: string,
    { verdict, reason }: { readonly verdict: AgentVerdict; readonly reason: string | null },
    nowMs: number,
  ): { readonly fit: ResultFit; readonly effects: RunEffect[] } {
    const target = this.#byEnvoy.get(envoyUuid);
    if (!target) return { fit: "unknown", effects: [] };
    if (target.state === "over") return { fit: "late", effects: [] };
    // Nobody was to have it yet: whoever claims a result made it up.
    if (target.batch !== this.#state.batch || this.#state.phase !== "batch") {
      return { fit: "unknown", effects: [] };
    }
    return {
      fit: "taken",
      effects: [...this.#judge(target, verdict, reason), ...this.#afterVerdicts(nowMs)],
    };
  }

  /** An envoy that is gone for good. */
  noteRevoked(envoyUuid: string, nowMs: number): RunEffect[] {
    const target = this.#byEnvoy.get(envoyUuid);
    if (!target || target.state === "over") return [];
    const verdict = target.state === "waiting" ? "skipped" : "lost";
    return [
      ...this.#judge(target, verdict, "the envoy was revoked"),
      ...this.#afterVerdicts(nowMs),
    ];
  }

  /** What the health check came to. @param problem what was found wrong; `null` if nothing. */
  noteHealth(problem: string | null, nowMs: number): RunEffect[] {
    if (this.#state.phase !== "health") return [];
    if (problem === null) return this.#beginBatch(this.#state.batch + 1, nowMs);
    return [...this.#abort(`the health check failed: ${problem}`), ...this.#finish(nowMs)];
  }

  /** Ends it as soon as can be; asking again changes nothing. */
  cancel(reason: string, nowMs: number): RunEffect[] {
    if (this.isOver || this.#state.isCancelled) return [];
    this.#state.isCancelled = true;
    this.#state.reason = reason;
    const effects: RunEffect[] = [];
    for (const target of this.#targets.values()) {
      if (target.state === "waiting") effects.push(...this.#judge(target, "cancelled", null));
      else if (target.state !== "over") {
        effects.push({ kind: "recall", position: target.position });
      }
    }
    this.#state.deadlineMs = Math.min(this.#state.deadlineMs, nowMs + GRACE_MS);
    if (this.#state.phase === "health") return [...effects, ...this.#finish(nowMs)];
    return [{ kind: "save" }, ...effects, ...this.#endBatchIfDone(nowMs)];
  }

  /** Lets time pass: what is due by now happens. */
  tick(nowMs: number): RunEffect[] {
    const { phase, deadlineMs, batchStartedAtMs } = this.#state;
    if (phase === "over") return [];
    if (phase === "health") {
      return nowMs < deadlineMs ? [] : this.noteHealth("it did not end", nowMs);
    }
    const effects: RunEffect[] = [];
    const isWindowOver = nowMs >= batchStartedAtMs + START_WINDOW_MS;
    for (const target of this.#current()) {
      if (target.state === "waiting" && (isWindowOver || nowMs >= deadlineMs)) {
        effects.push(...this.#judge(target, "offline", "it had no stream when its turn came"));
      } else if (target.state !== "over" && nowMs >= deadlineMs) {
        effects.push(...this.#judge(target, "lost", "nothing was heard of it in time"));
      }
    }
    return effects.length === 0 ? [] : [...effects, ...this.#afterVerdicts(nowMs)];
  }

  #current(): readonly Target[] {
    return this.#batches[this.#state.batch] ?? [];
  }

  #beginBatch(batch: number, nowMs: number): RunEffect[] {
    const targets = this.#batches[batch];
    if (targets === undefined) return this.#finish(nowMs);
    Object.assign(this.#state, {
      phase: "batch",
      batch,
      batchStartedAtMs: nowMs,
      deadlineMs: nowMs + this.#plan.timeoutMs + GRACE_MS,
    });
    const effects: RunEffect[] = [{ kind: "save" }];
    this.#open = 0;
    for (const target of targets) {
      if (target.state === "over") continue;
      this.#open += 1;
      this.#setState(target, "sent");
      effects.push({ kind: "send", position: target.position });
    }
    return [...effects, ...this.#endBatchIfDone(nowMs)];
  }

  #judge(target: Target, verdict: Verdict, reason: string | null): RunEffect[] {
    if (target.batch === this.#state.batch && this.#state.phase === "batch") this.#open -= 1;
    this.#setState(target, "over");
    target.verdict = verdict;
    this.#counts[verdict] += 1;
    return [{ kind: "verdict", position: target.position, verdict, reason }];
  }

  #afterVerdicts(nowMs: number): RunEffect[] {
    const { maxFailures } = this.#plan;
    const failures = VERDICTS.reduce(
      (sum, verdict) => sum + (isFailure(verdict) ? this.#counts[verdict] : 0),
      0,
    );
    const isTooMany = maxFailures !== null && isOverLimit(failures, maxFailures, this.#planned);
    const aborts = isTooMany && this.#state.status === "running" && !this.#state.isCancelled
      ? this.#abort(
        `${failures} of ${this.#planned} targets failed, ${
          maxFailures.kind === "count" ? maxFailures.count : `${maxFailures.percent}%`
        } may`,
      )
      : [];
    return [...aborts, ...this.#endBatchIfDone(nowMs)];
  }

  /** Nobody who was not sent it gets it any more. */
  #abort(reason: string): RunEffect[] {
    const waiting = [...this.#targets.values()].filter(({ state }) => state === "waiting");
    if (waiting.length === 0) return [];
    this.#state.status = "aborted";
    this.#state.reason = reason;
    return [
      ...waiting.flatMap((target) => this.#judge(target, "skipped", `aborted: ${reason}`)),
      { kind: "save" },
    ];
  }

  #endBatchIfDone(nowMs: number): RunEffect[] {
    if (this.#state.phase !== "batch" || this.#open > 0) return [];
    const isLast = this.#state.batch + 1 >= this.#batches.length;
    if (isLast || this.#state.isCancelled || this.#state.status === "aborted") {
      return this.#finish(nowMs);
    }
    if (!this.#plan.hasHealthCheck) return this.#beginBatch(this.#state.batch + 1, nowMs);
    this.#state.phase = "health";
    this.#state.deadlineMs = nowMs + HEALTH_CHECK_MS + GRACE_MS;
    return [{ kind: "save" }, { kind: "probe" }];
  }

  #finish(nowMs: number): RunEffect[] {
    const isComplete = this.#counts.complete === this.#targets.size;
    const unfinished = this.#state.status === "running";
    if (isComplete) this.#state.status = "complete";
    else if (this.#state.isCancelled) this.#state.status = "cancelled";
    else if (unfinished) this.#state.status = "failed";
    this.#state.phase = "over";
    this.#state.finishedAtMs = nowMs;
    return [{ kind: "save" }];
  }

  #setState(target: Target, state: Target["state"]): void {
    const isRunning = (at: Target["state"]) => at === "sent" || at === "running";
    this.#running += Number(isRunning(state)) - Number(isRunning(target.state));
    target.state = state;
  }
}
