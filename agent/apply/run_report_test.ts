import assert from "node:assert/strict";
import fc from "fast-check";
import {
  MAX_DIFF_LENGTH,
  MAX_REPORT_BYTES,
  OUTCOMES,
  type ResourceReport,
  runReportSchema,
} from "../../shared/config/run_report.ts";
import { capText, describeResult } from "./report_text.ts";
import { buildRunReport } from "./run_report.ts";

const IDENTITY = {
  runId: "00000000-0000-4000-8000-000000000000",
  policyVersion: "v1",
  root: "0".repeat(64),
  trigger: "interval",
} as const;

function report(resources: readonly ResourceReport[]) {
  const applied = { startedAtMs: 5, durationMs: 1.23456, dryRun: false, pendingNotifications: [] };
  return buildRunReport(
    { ...applied, filled: new Map(), unwanted: new Set(), resources },
    IDENTITY,
  );
}

Deno.test("what came to nothing is counted, not listed", () => {
  const built = report([
    { id: "file:a", crate: "base", outcome: "none", durationMs: 1 },
    { id: "file:b", crate: "base", outcome: "updated", diff: "x", durationMs: 1 },
  ]);
  assert.deepEqual(runReportSchema.parse(built), built);
  assert.deepEqual([built.counts.none, built.counts.updated, built.counts.failed], [1, 1, 0]);
  assert.deepEqual(built.resources.map(({ id }) => id), ["file:b"]);
  assert.equal(built.truncated, false);
});

Deno.test("a report that is too large loses diffs first and says so", () => {
  const built = report(Array.from({ length: 200 }, (_, i) => ({
    id: `file:${i}`,
    crate: "base",
    outcome: "updated" as const,
    diff: "é\n".repeat(MAX_DIFF_LENGTH / 2),
    durationMs: 1,
  })));
  assert.equal(built.truncated, true);
  assert.equal(built.resources.length, 200);
  assert.match(built.resources[0]?.diff ?? "", /more characters$/);
  assert.deepEqual(runReportSchema.parse(built), built);
});

Deno.test("of very many resources the failures stay, and the counts stay true", () => {
  const built = report(Array.from({ length: 20_000 }, (_, i) => ({
    id: `file:/a/rather/long/path/to/a/file/${i}`,
    crate: "base",
    outcome: i % 1000 === 0 ? "failed" as const : "updated" as const,
    reason: "r".repeat(200),
    durationMs: 1,
  })));
  const told = {
    ...built,
    serial: Number.MAX_SAFE_INTEGER,
    changeStreak: 1000,
    resources: built.resources.map((one) => ({ ...one, cause: "intentional" })),
  };
  assert.ok(JSON.stringify(told).length <= MAX_REPORT_BYTES, "with what is added to it later");
  assert.equal(built.resources.filter(({ outcome }) => outcome === "failed").length, 20);
  assert.deepEqual([built.counts.failed, built.counts.updated], [20, 19_980]);
  assert.equal(built.truncated, true);
});

Deno.test("no result makes a report that the server would refuse", () => {
  const unit = fc.constantFrom("a", "é", "\n", "\0", "😀");
  const text = fc.string({ unit, maxLength: 2 * MAX_DIFF_LENGTH, size: "max" });
  const result = fc.record({
    outcome: fc.constantFrom(...OUTCOMES),
    diff: text,
    reason: text,
  });
  fc.assert(
    fc.property(fc.array(result, { maxLength: 20 }), (results) => {
      const built = report(results.map((result, i) => ({
        id: `exec:${i}`,
        crate: "base",
        ...describeResult(result),
        durationMs: 1,
      })));
      assert.deepEqual(runReportSchema.parse(built), built);
    }),
    { numRuns: 20 },
  );
});

Deno.test("a text is cut after a line and the cut is marked", () => {
  assert.equal(capText("one\ntwo\nthree", 9), "one\ntwo\n… 6 more characters");
  assert.equal(capText("short", 9), "short");
});
