import assert from "node:assert/strict";
import { OUTCOMES, type RunReport } from "../../shared/config/run_report.ts";
import { renderResource, renderSummary } from "./render_run.ts";

const resource = { id: "file:/etc/motd", crate: "base", durationMs: 1 };

Deno.test("a resource in sync is not shown; a changed one shows its diff", () => {
  assert.equal(renderResource({ ...resource, outcome: "none" }), "");
  assert.equal(
    renderResource({ ...resource, outcome: "updated", diff: "-a\n+b\n" }),
    "updated       file:/etc/motd\n    -a\n    +b\n",
  );
});

Deno.test("a failed resource says why, and nothing of it can move a terminal", () => {
  const text = renderResource({ ...resource, outcome: "failed", reason: "no\u001b[2J way" });
  assert.ok(text.startsWith("failed        file:/etc/motd: no"));
  assert.ok(!text.includes("\u001b"));
});

Deno.test("the summary counts every outcome once", () => {
  const counts: RunReport["counts"] = Object.fromEntries(
    OUTCOMES.map((outcome) => [outcome, outcome === "none" ? 10 : outcome === "failed" ? 1 : 0]),
  ) as RunReport["counts"]; // Every outcome is a key by construction.
  const report = { counts, durationMs: 35 } as RunReport; // The summary reads nothing else.
  assert.equal(renderSummary(report), "11 resources: 10 in sync, 1 failed (35ms)\n");
});
