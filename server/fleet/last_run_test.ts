import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { OUTCOMES, type RunReport } from "../../shared/config/run_report.ts";
import { RunHeartbeat } from "../../shared/proto/agent.ts";
import { type LastRun, NO_RUN, takeHeartbeat, takeReport } from "./last_run.ts";
import { compactRun, summarizeRun } from "../status/summarize_run.ts";

const ROOT = "ab".repeat(32);

/** One run of an envoy, as each way of telling has it. */
interface Run {
  readonly serial: number;
  readonly finishedAtMs: number;
  readonly failed: number;
  readonly changed: number;
  readonly streak: number;
}

function heartbeatOf(run: Run): RunHeartbeat {
  return RunHeartbeat.fromPartial({
    serial: run.serial,
    finishedAtMs: run.finishedAtMs,
    failed: run.failed,
    changed: run.changed,
    changeStreak: run.streak,
    root: Buffer.from(ROOT, "hex"),
  });
}

function reportOf(run: Run): RunReport {
  const counts = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0]));
  return {
    schema: 1,
    runId: crypto.randomUUID(),
    serial: run.serial,
    changeStreak: run.streak,
    policyVersion: "v",
    root: ROOT,
    startedAtMs: run.finishedAtMs,
    durationMs: 0,
    trigger: "interval",
    dryRun: false,
    // Every outcome is a key by construction.
    counts: { ...counts, failed: run.failed, updated: run.changed } as RunReport["counts"],
    resources: [],
    truncated: false,
  };
}

/** Runs of one envoy in their order, by clocks that jump. */
const trace = fc.array(
  fc.record({
    finishedAtMs: fc.nat(1_000),
    failed: fc.nat(1),
    changed: fc.nat(2),
    isChecked: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
).map((runs) => {
  let streak = 0;
  return runs.map((run, index) => {
    streak = run.changed > 0 ? streak + 1 : 0;
    return { ...run, serial: index + 1, streak };
  });
});

Deno.test("whatever way reports come late, twice or not at all, the last heartbeat decides", () => {
  fc.assert(fc.property(trace, fc.infiniteStream(fc.nat(3)), (runs, delays) => {
    let known: LastRun = NO_RUN;
    const late: { run: Run; atTurn: number }[] = [];
    for (const [turn, run] of runs.entries()) {
      const delay = delays.next().value ?? 0;
      for (const atTurn of [turn + delay, turn + 2 * delay]) late.push({ run, atTurn });
      if (run.isChecked) known = takeHeartbeat(heartbeatOf(run), "");
      for (const { run: old } of late.filter(({ atTurn }) => atTurn === turn)) {
        known = takeReport(known, reportOf(old));
      }
    }
    const last = runs.at(-1);
    assert.ok(last);
    known = takeHeartbeat(heartbeatOf(last), "");
    for (const { run } of late.toReversed()) known = takeReport(known, reportOf(run));
    assert.deepEqual(known, takeHeartbeat(heartbeatOf(last), ""));
  }));
});

Deno.test("the order of reports alone does not matter either", () => {
  const shuffled = trace.chain((runs) =>
    fc.tuple(fc.constant(runs), fc.shuffledSubarray(runs, { minLength: runs.length }))
  );
  fc.assert(fc.property(shuffled, ([runs, order]) => {
    const known = order.reduce<LastRun>((so, run) => takeReport(so, reportOf(run)), NO_RUN);
    const last = runs.at(-1);
    assert.ok(last);
    assert.deepEqual(known, takeReport(NO_RUN, reportOf(last)));
  }));
});

Deno.test("a heartbeat of an agent that does not number its runs goes by its clock and what it holds", () => {
  const plain = RunHeartbeat.fromPartial({ finishedAtMs: 9, blocked: 1 });
  assert.deepEqual(takeHeartbeat(plain, ROOT), {
    convergence: "Degraded",
    runSerial: 9,
    runRoot: ROOT,
    runFinishedAtMs: 9,
    changeStreak: 0,
  });
});

Deno.test("a run that changed nothing, and a look, leave no row; the rest only what came to something", () => {
  const run = { serial: 1, finishedAtMs: 5, failed: 0, changed: 0, streak: 0 };
  assert.equal(compactRun(reportOf(run)), undefined);
  const changed = reportOf({ ...run, changed: 1 });
  assert.equal(compactRun({ ...changed, dryRun: true }), undefined);
  const resource = { crate: "c", durationMs: 1 };
  const kept = compactRun({
    ...changed,
    resources: [
      { ...resource, id: "file:a", outcome: "none" },
      { ...resource, id: "file:b", outcome: "updated", cause: "corrective" },
    ],
  });
  assert.deepEqual(kept?.resources.map(({ id }) => id), ["file:b"]);
});

Deno.test("a run's row counts causes, and a clock that is ahead does not put it in the future", () => {
  const resource = { id: "file:a", crate: "c", durationMs: 1 };
  const report: RunReport = {
    ...reportOf({ serial: 1, finishedAtMs: 9_000, failed: 0, changed: 2, streak: 1 }),
    resources: [
      { ...resource, outcome: "updated", cause: "corrective" },
      { ...resource, outcome: "created", cause: "intentional" },
      { ...resource, outcome: "failed", cause: "intentional" },
    ],
  };
  const row = summarizeRun(report, { uuid: crypto.randomUUID(), hostname: "web-1" }, 1_000);
  assert.deepEqual(
    [row.startedAtMs, row.receivedAtMs, row.outcome, row.intentional, row.corrective],
    [1_000, 1_000, "changed", 1, 1],
  );
});
