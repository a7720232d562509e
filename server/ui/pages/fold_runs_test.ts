import assert from "node:assert/strict";
import type { RunSummary } from "../../../shared/rest/runs.ts";
import { foldRuns } from "./fold_runs.ts";

function run(envoyUuid: string, startedAtMs: number, change: Partial<RunSummary> = {}): RunSummary {
  return {
    runId: `${envoyUuid}-${startedAtMs}`,
    envoyUuid,
    hostname: envoyUuid,
    startedAtMs,
    receivedAtMs: startedAtMs,
    durationMs: startedAtMs,
    policyVersion: "v1",
    trigger: "interval",
    outcome: "failed",
    changed: 0,
    intentional: 0,
    corrective: 0,
    failed: 1,
    blocked: 0,
    skipped: 0,
    unknown: 0,
    total: 3,
    ...change,
  };
}

const shown = (runs: readonly RunSummary[]) =>
  foldRuns(runs, false).map(({ run: { runId }, count, firstMs }) => [runId, count, firstMs]);

Deno.test("runs of one envoy that fail alike are one, whatever others do in between", () => {
  assert.deepEqual(
    shown([run("a", 9), run("b", 8), run("a", 7), run("a", 6), run("b", 5)]),
    [["a-9", 3, 6], ["b-8", 2, 5]],
  );
  assert.deepEqual(shown([]), []);
});

Deno.test("another policy, another failure and a change in between are told apart", () => {
  const changed = { outcome: "changed", failed: 0, changed: 1 } as const;
  assert.deepEqual(
    shown([
      run("a", 9),
      run("a", 8, { policyVersion: "v0" }),
      run("a", 7, { policyVersion: "v0", blocked: 1 }),
      run("a", 6, { outcome: "degraded", policyVersion: "v0", blocked: 1 }),
      run("a", 5, changed),
      run("a", 4),
    ]).map(([id, count]) => [id, count]),
    [["a-9", 1], ["a-8", 1], ["a-7", 1], ["a-6", 1], ["a-5", 1], ["a-4", 1]],
  );
});

Deno.test("changes are never put together: each may be another one", () => {
  const changed = { outcome: "changed", failed: 0, changed: 1 } as const;
  assert.equal(shown([run("a", 2, changed), run("a", 1, changed)]).length, 2);
});

Deno.test("what was looked through ends a row of failures, and a change of the envoy does", () => {
  const rows = foldRuns([run("a", 9), run("a", 8), run("b", 7), run("a", 6, { blocked: 1 })], true);
  assert.deepEqual(
    rows.map(({ run: { runId }, count, goesOn }) => [runId, count, goesOn]),
    [["a-9", 2, false], ["b-7", 1, true], ["a-6", 1, true]],
  );
  assert.equal(foldRuns([run("a", 1)], false)[0]?.goesOn, false);
});
