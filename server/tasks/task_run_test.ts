import assert from "node:assert/strict";
import fc from "fast-check";
import { planBatches } from "../../shared/tasks/plan_batches.ts";
import { isOverLimit, type TaskAmount } from "../../shared/tasks/task_amount.ts";
import { GRACE_MS, longestRunMs, START_WINDOW_MS } from "../../shared/tasks/task_limits.ts";
import { AGENT_VERDICTS, isFailure, type Verdict } from "../../shared/tasks/verdict.ts";
import {
  type RunEffect,
  type RunPlan,
  type RunState,
  type RunTarget,
  TaskRun,
} from "./task_run.ts";

const TIMEOUT_MS = 60_000;
const PLAN: RunPlan = { timeoutMs: TIMEOUT_MS, maxFailures: null, hasHealthCheck: false };
const uuid = (position: number) => `00000000-0000-4000-8000-${String(position).padStart(12, "0")}`;

function targetsOf(...batches: readonly number[]): RunTarget[] {
  return batches.flatMap((size, batch) => Array.from({ length: size }, () => batch))
    .map((batch, position) => ({ position, envoyUuid: uuid(position), batch, verdict: null }));
}

/** Hosts that are sent something, by position. */
function sentIn(effects: readonly RunEffect[]): number[] {
  return effects.flatMap((effect) => effect.kind === "send" ? [effect.position] : []);
}

function verdictsIn(effects: readonly RunEffect[]): Record<number, Verdict> {
  return Object.fromEntries(
    effects.flatMap((effect) =>
      effect.kind === "verdict" ? [[effect.position, effect.verdict]] : []
    ),
  );
}

const complete = { verdict: "complete", reason: null } as const;
const failed = { verdict: "failed", reason: null } as const;

Deno.test("batches go one after the other, and all complete is complete", () => {
  const run = new TaskRun(PLAN, targetsOf(1, 2));
  const begun = run.begin(0);
  assert.equal(begun[0]?.kind, "save", "what is sent must be known after a crash");
  assert.deepEqual(sentIn(begun), [0]);
  assert.deepEqual([run.running, run.waiting], [1, 2]);
  assert.deepEqual(sentIn(run.noteResult(uuid(0), complete, 10).effects), [1, 2]);
  run.noteResult(uuid(2), complete, 20);
  assert.equal(run.isOver, false);
  run.noteResult(uuid(1), complete, 30);
  assert.deepEqual([run.state.status, run.state.finishedAtMs], ["complete", 30]);
});

Deno.test("a task that was kept and never begun begins after the restart, with time enough", () => {
  const first = new TaskRun(PLAN, targetsOf(2));
  const after = new TaskRun(PLAN, targetsOf(2), first.state);
  assert.deepEqual(sentIn(after.resume(5_000)), [0, 1]);
  assert.deepEqual([after.state.batchStartedAtMs, after.wakeAtMs], [
    5_000,
    5_000 + TIMEOUT_MS + GRACE_MS,
  ]);
});

Deno.test("who does not answer by the deadline is lost, and who was not reached is offline", () => {
  const run = new TaskRun(PLAN, targetsOf(3));
  run.begin(0);
  run.noteUnsent(1);
  assert.equal(run.wakeAtMs, START_WINDOW_MS);
  assert.deepEqual(run.tick(START_WINDOW_MS - 1), []);
  assert.deepEqual(verdictsIn(run.tick(START_WINDOW_MS)), { 1: "offline" });
  run.noteResult(uuid(0), complete, START_WINDOW_MS);
  assert.equal(run.wakeAtMs, TIMEOUT_MS + GRACE_MS);
  assert.deepEqual(verdictsIn(run.tick(TIMEOUT_MS + GRACE_MS)), { 2: "lost" });
  assert.equal(run.state.status, "failed");
});

Deno.test("an envoy that comes back in time is sent the task, and one that had it is sent it again", () => {
  const run = new TaskRun(PLAN, targetsOf(2, 1));
  run.begin(0);
  run.noteUnsent(0);
  assert.deepEqual(sentIn(run.noteStream(uuid(0), 5)), [0]);
  assert.deepEqual(sentIn(run.noteStream(uuid(1), 5)), [1]);
  assert.deepEqual(run.noteStream(uuid(2), 5), [], "its turn has not come");
  run.noteUnsent(0);
  assert.deepEqual(run.noteStream(uuid(0), START_WINDOW_MS), [], "it would come too late");
});

Deno.test("more failures than allowed abort the run, and nobody else begins", () => {
  const run = new TaskRun(
    { ...PLAN, maxFailures: { kind: "count", count: 1 } },
    targetsOf(1, 1, 1, 2),
  );
  run.begin(0);
  assert.deepEqual(sentIn(run.noteResult(uuid(0), failed, 1).effects), [1], "one may fail");
  const { effects } = run.noteResult(uuid(1), { verdict: "rejected", reason: "no" }, 2);
  assert.deepEqual(verdictsIn(effects), {
    1: "rejected",
    2: "skipped",
    3: "skipped",
    4: "skipped",
  });
  assert.equal(run.state.status, "aborted");
  assert.match(run.state.reason ?? "", /2 of 5 targets failed, 1 may/);
});

Deno.test("an offline target is no failure, and one without a batch counts for nothing", () => {
  const away: RunTarget = { position: 9, envoyUuid: uuid(9), batch: null, verdict: "offline" };
  const run = new TaskRun(
    { ...PLAN, maxFailures: { kind: "percent", percent: 50 } },
    [...targetsOf(1, 1), away],
  );
  run.begin(0);
  run.noteUnsent(0);
  assert.deepEqual(sentIn(run.tick(START_WINDOW_MS)), [1]);
  run.noteResult(uuid(1), complete, START_WINDOW_MS + 1);
  assert.deepEqual([run.state.status, run.counts.offline, run.counts.complete], ["failed", 2, 1]);
});

Deno.test("the next batch waits for the health check, and a bad one skips the rest with what it found", () => {
  const plan = { ...PLAN, hasHealthCheck: true };
  const run = new TaskRun(plan, targetsOf(1, 1, 1));
  run.begin(0);
  const { effects } = run.noteResult(uuid(0), complete, 1);
  assert.deepEqual(effects.map(({ kind }) => kind), ["verdict", "save", "probe"]);
  assert.deepEqual(sentIn(run.noteHealth(null, 2)), [1]);
  run.noteResult(uuid(1), complete, 3);
  assert.deepEqual(verdictsIn(run.noteHealth("status 503", 4)), { 2: "skipped" });
  assert.deepEqual([run.state.status, run.isOver], ["aborted", true]);
  assert.match(run.state.reason ?? "", /status 503/);
  assert.deepEqual(run.noteHealth(null, 5), [], "an answer that nobody waits for any more");
});

Deno.test("there is no health check after the last batch, since nothing depends on it", () => {
  const run = new TaskRun({ ...PLAN, hasHealthCheck: true }, targetsOf(1));
  run.begin(0);
  const { effects } = run.noteResult(uuid(0), complete, 1);
  assert.ok(effects.every(({ kind }) => kind !== "probe"));
  assert.ok(run.isOver);
});

Deno.test("a cancel recalls what runs and ends what waits, once", () => {
  const run = new TaskRun(PLAN, targetsOf(2, 1));
  run.begin(0);
  run.noteUnsent(0);
  const effects = run.cancel("cancelled by ada", 10);
  assert.deepEqual(verdictsIn(effects), { 0: "cancelled", 2: "cancelled" });
  assert.deepEqual(effects.filter(({ kind }) => kind === "recall"), [{
    kind: "recall",
    position: 1,
  }]);
  assert.deepEqual(run.cancel("again", 11), []);
  assert.deepEqual(run.noteStream(uuid(1), 12), [{ kind: "recall", position: 1 }]);
  assert.equal(run.wakeAtMs, 10 + GRACE_MS, "it need not wait for the timeout");
  run.noteResult(uuid(1), { verdict: "cancelled", reason: null }, 20);
  assert.deepEqual([run.state.status, run.state.reason], ["cancelled", "cancelled by ada"]);
});

Deno.test("a command that completes before its cancel arrives is complete", () => {
  const run = new TaskRun(PLAN, targetsOf(1));
  run.begin(0);
  run.cancel("too late", 1);
  run.noteResult(uuid(0), complete, 2);
  assert.equal(run.state.status, "complete");
});

Deno.test("a cancel during a health check ends the run", () => {
  const run = new TaskRun({ ...PLAN, hasHealthCheck: true }, targetsOf(1, 1));
  run.begin(0);
  run.noteResult(uuid(0), complete, 1);
  assert.deepEqual(verdictsIn(run.cancel("enough", 2)), { 1: "cancelled" });
  assert.deepEqual([run.isOver, run.state.status], [true, "cancelled"]);
});

Deno.test("an envoy that is revoked is not waited for", () => {
  const run = new TaskRun(PLAN, targetsOf(1, 1));
  run.begin(0);
  assert.deepEqual(verdictsIn(run.noteRevoked(uuid(1), 1)), { 1: "skipped" });
  assert.deepEqual(verdictsIn(run.noteRevoked(uuid(0), 2)), { 0: "lost" });
  assert.ok(run.isOver);
});

Deno.test("a result changes no verdict, and one that nobody was to send is not believed", () => {
  const run = new TaskRun(PLAN, targetsOf(1, 1));
  run.begin(0);
  assert.equal(run.noteResult(uuid(1), complete, 1).fit, "unknown", "its turn has not come");
  assert.equal(run.noteResult(uuid(7), complete, 1).fit, "unknown");
  assert.equal(run.noteResult(uuid(0), failed, 1).fit, "taken");
  assert.deepEqual(run.noteResult(uuid(0), complete, 1), { fit: "late", effects: [] });
  assert.equal(run.counts.failed, 1);
});

Deno.test("a run goes on after a restart where it was, and gives its agents time to come back", () => {
  const before = new TaskRun(PLAN, targetsOf(2, 1));
  before.begin(0);
  before.noteResult(uuid(0), complete, 1);
  const known = targetsOf(2, 1).map((target) =>
    target.position === 0 ? { ...target, verdict: "complete" as const } : target
  );
  const after = new TaskRun(PLAN, known, before.state);
  const hourLater = 3_600_000;
  assert.deepEqual(sentIn(after.resume(hourLater)), [], "the agents come back by themselves");
  assert.deepEqual(after.tick(hourLater + 1), []);
  assert.deepEqual(sentIn(after.noteStream(uuid(1), hourLater + 2)), [1]);
  assert.deepEqual(sentIn(after.noteResult(uuid(1), complete, hourLater + 3).effects), [2]);
});

Deno.test("a run whose batch had ended when the server went away begins the next", () => {
  const before = new TaskRun(PLAN, targetsOf(1, 1));
  before.begin(0);
  const known = targetsOf(1, 1).map((target) =>
    target.position === 0 ? { ...target, verdict: "complete" as const } : target
  );
  const after = new TaskRun(PLAN, known, before.state);
  assert.deepEqual(sentIn(after.resume(5)), [1]);
});

Deno.test("a target whose verdict a crash took with it is lost, not forgotten", () => {
  const before = new TaskRun(PLAN, targetsOf(1, 1));
  before.begin(0);
  before.noteResult(uuid(0), complete, 1);
  const after = new TaskRun(PLAN, targetsOf(1, 1), before.state);
  assert.deepEqual(verdictsIn(after.resume(2)), { 0: "lost" });
});

// What a world may do to a run: each number chooses an event and whom it concerns.
const world = fc.record({
  hosts: fc.integer({ min: 0, max: 12 }),
  size: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
  maxFailures: fc.option(
    fc.oneof(
      fc.nat(3).map((count): TaskAmount => ({ kind: "count", count })),
      fc.nat(100).map((percent): TaskAmount => ({ kind: "percent", percent })),
    ),
    { nil: null },
  ),
  hasHealthCheck: fc.boolean(),
  events: fc.array(
    fc.record({ what: fc.nat(11), who: fc.nat(11), passedMs: fc.nat(9_000) }),
    { maxLength: 80 },
  ),
});

Deno.test("whatever happens, every target gets one verdict, by the deadline at the latest", () => {
  fc.assert(
    fc.property(world, ({ hosts, size, maxFailures, hasHealthCheck, events }) => {
      const positions = Array.from({ length: hosts }, (_, position) => position);
      const batches = planBatches(
        positions,
        size === undefined ? undefined : [{ kind: "count", count: size }],
      );
      const targets = batches.flatMap((batch, number): RunTarget[] =>
        batch.map((position) => ({
          position,
          envoyUuid: uuid(position),
          batch: number,
          verdict: null,
        }))
      );
      const plan: RunPlan = { timeoutMs: TIMEOUT_MS, maxFailures, hasHealthCheck };
      let run = new TaskRun(plan, targets);
      // What the store would hold: the state at each save, verdicts as they fall.
      let saved: RunState = run.state;
      let restartedMs = 0;
      const verdicts = new Map<number, Verdict>();
      let hasStopped = false;
      const take = (effects: readonly RunEffect[]) => {
        for (const effect of effects) {
          if (effect.kind === "save") saved = run.state;
          if (effect.kind === "verdict") {
            assert.ok(!verdicts.has(effect.position), "one verdict each");
            verdicts.set(effect.position, effect.verdict);
          }
          if (effect.kind === "send") {
            assert.ok(!verdicts.has(effect.position), "nobody is sent what it has done");
            assert.equal(run.target(effect.position).batch, run.state.batch);
            assert.ok(!hasStopped, "nobody begins after an abort or a cancel");
          }
        }
        const failures = [...verdicts.values()].filter(isFailure).length;
        if (maxFailures && isOverLimit(failures, maxFailures, hosts)) hasStopped = true;
        if (run.state.isCancelled) hasStopped = true;
        const counted = Object.values(run.counts).reduce((sum, count) => sum + count, 0);
        assert.equal(counted, verdicts.size);
        assert.equal(run.waiting + run.running + counted, hosts);
        assert.equal(run.isOver, verdicts.size === hosts && run.wakeAtMs === undefined);
        // Everybody before the batch that runs has a verdict.
        for (const { position, batch } of targets) {
          if (batch !== null && batch < run.state.batch) assert.ok(verdicts.has(position));
        }
      };
      let nowMs = 0;
      take(run.begin(nowMs));
      for (const { what, who, passedMs } of events) {
        nowMs += passedMs;
        take(run.tick(nowMs));
        if (what < 4) {
          const verdict = AGENT_VERDICTS[(what + passedMs) % AGENT_VERDICTS.length] ?? "complete";
          take(run.noteResult(uuid(who), { verdict, reason: null }, nowMs).effects);
        } else if (what === 4) run.noteUnsent(who);
        else if (what === 5 && !hasStopped) take(run.noteStream(uuid(who), nowMs));
        else if (what === 6) run.noteStarted(uuid(who));
        else if (what === 7) take(run.noteRevoked(uuid(who), nowMs));
        else if (what === 8) take(run.noteHealth(who % 3 === 0 ? "down" : null, nowMs));
        else if (what === 9 && who === 0) take(run.cancel("enough", nowMs));
        else if (what === 10) {
          const known = targets.map((one) => ({
            ...one,
            verdict: verdicts.get(one.position) ?? null,
          }));
          run = new TaskRun(plan, known, saved);
          restartedMs += 200_000;
          take(run.resume(nowMs));
        }
      }
      const endMs = nowMs + longestRunMs(Math.max(1, batches.length), 60, hasHealthCheck) +
        batches.length * GRACE_MS + restartedMs;
      for (let guard = 0; !run.isOver; guard += 1) {
        assert.ok(guard < 200);
        nowMs = Math.max(nowMs, run.wakeAtMs ?? nowMs);
        take(run.tick(nowMs));
      }
      assert.ok(nowMs <= endMs, `over at ${nowMs}, due at ${endMs}`);
      assert.equal(verdicts.size, hosts);
      const isComplete = [...verdicts.values()].every((verdict) => verdict === "complete");
      assert.equal(run.state.status === "complete", isComplete);
    }),
    { numRuns: 500 },
  );
});
