import assert from "node:assert/strict";
import { type FailedRun, groupFailures } from "./group_failures.ts";

function run(
  hostname: string,
  startedAtMs: number,
  ...failed:
    readonly (readonly [id: string, outcome: "failed" | "blocked" | "updated", reason: string])[]
): FailedRun {
  const resources = failed.map(([id, outcome, reason]) => ({
    id,
    outcome,
    reason,
    crate: "web",
    durationMs: 1,
  }));
  return { runId: `${hostname}-${startedAtMs}`, hostname, startedAtMs, report: { resources } };
}

Deno.test("failures stand by resource, each envoy once with its newest run, the widest first", () => {
  const groups = groupFailures([
    run("a", 1, ["exec:x", "failed", "old"], ["file:y", "updated", ""]),
    run("a", 3, ["exec:x", "failed", "new"]),
    run("b", 2, ["exec:x", "blocked", "disk"], ["file:z", "failed", "gone"]),
  ]);
  assert.deepEqual(
    groups.map((
      { id, reason, lastMs, hosts },
    ) => [id, reason, lastMs, hosts.map(({ runId }) => runId)]),
    [["exec:x", "new", 3, ["a-3", "b-2"]], ["file:z", "gone", 2, ["b-2"]]],
  );
  assert.deepEqual(groupFailures([]), []);
});
