import assert from "node:assert/strict";
import type { TaskPlan } from "../../shared/rest/tasks.ts";
import { noVerdicts } from "../../shared/tasks/verdict.ts";
import { createStyle } from "../../shared/terminal/style.ts";
import { countVerdicts, renderPlan, renderResult, renderTask, renderTasks } from "./task.ts";
import { completeTask, resultOf, targetOf, taskOf } from "./task_fixture.ts";
import { renderProgress } from "./task_progress.ts";

const PLAIN = createStyle({ isTerminal: false, env: {} });
const PLAN: TaskPlan = {
  command: "uptime",
  task: null,
  batches: [["web-01", "web-02"], ["web-03"]],
  offline: [],
  skipped: [],
  timeoutSecs: 60,
  longestMs: 90_000,
  guardrail: null,
};

Deno.test("a plan names the hosts of each batch, and counts", () => {
  assert.equal(
    renderPlan(PLAN),
    "Dry-run batch plan:\n\n  Batch 0: web-01, web-02\n  Batch 1: web-03\n\n2 batch(es), 3 target(s), 0 offline",
  );
});

Deno.test("a plan says who gets nothing, what a named task runs, and what a guardrail says", () => {
  const text = renderPlan({
    ...PLAN,
    task: "stop",
    command: "stop\n'x'",
    offline: ["web-04"],
    skipped: [{ hostname: "web-05", reason: "it may be a clone" }],
    guardrail: { reason: "would end processes of Vigo", pattern: "pkill vigo" },
  });
  assert.match(text, /^ {2}Offline: web-04\n {2}Skipped: web-05 \(it may be a clone\)$/m);
  assert.match(text, /^2 batch\(es\), 5 target\(s\), 1 offline, 1 skipped$/m);
  assert.match(text, /^Command: stop\\n'x'$/m);
  assert.match(text, /^A guardrail would refuse it: would end processes of Vigo \(pkill vigo\)$/m);
});

Deno.test("a plan of thousands is cut short and says so", () => {
  const hosts = Array.from({ length: 60 }, (_, index) => `h${index}`);
  const text = renderPlan({ ...PLAN, batches: Array.from({ length: 60 }, () => hosts) });
  assert.match(text, /h49 … and 10 more; --json names all/);
  assert.match(text, /… 10 more batches; --json names all/);
});

Deno.test("a task is shown as the reference has it", () => {
  assert.equal(
    renderTask(completeTask(), 0),
    [
      "Task:     t1a2b3c4d5e",
      "Command:  uptime",
      "Target:   *.web.*",
      "Operator: admin",
      "Status:   complete",
      "Targets:  2",
      "Created:  2026-03-13 12:30",
      "Started:  2026-03-13 12:30",
      "Finished: 2026-03-13 12:31",
    ].join("\n"),
  );
  const aborted = renderTask(
    taskOf({
      status: "aborted",
      reason: "1 of 2 targets failed",
      task: "restart",
      params: { env: "x\x1b" },
      forced: true,
      running: 0,
      counts: { ...noVerdicts(), failed: 1, skipped: 1 },
    }),
    0,
  );
  assert.match(aborted, /^Named: {4}restart env=x\\u\{1b\}$/m);
  assert.match(aborted, /^Status: {3}aborted: 1 of 2 targets failed$/m);
  assert.match(aborted, /^Verdicts: 1 failed, 1 skipped$/m);
  assert.match(aborted, /^Forced: {3}a guardrail/m);
});

Deno.test("a result is its verdict and what was written, which cannot act on a terminal", () => {
  assert.equal(
    renderResult(resultOf(1, "a\r\nb\n\n", "\x1b[2Jgone\u202e\n"), PLAIN, undefined),
    "--- web-01 [complete] exit=0 42ms\na\nb\n\nstderr:\n\\u{1b}[2Jgone\\u{202e}",
  );
  const offline = targetOf(1, { state: "over", verdict: "offline", reason: "no stream\n" });
  assert.equal(
    renderResult({ ...offline, stdout: null, stderr: null }, PLAIN, undefined),
    "--- web-01 [offline] (no stream\\n)",
  );
  // The agent says of what it did not run that it took no time.
  const rejected = { ...offline, verdict: "rejected" as const, durationMs: 0, reason: "no" };
  assert.equal(
    renderResult({ ...rejected, stdout: null, stderr: null }, PLAIN, undefined),
    "--- web-01 [rejected] (no)",
  );
});

Deno.test("of many lines the first and last are shown, and of a long line its beginning", () => {
  const lines = Array.from({ length: 300 }, (_, index) => `line ${index}`);
  const shown = renderResult(resultOf(1, lines.join("\n")), PLAIN, "see more").split("\n");
  assert.equal(shown.length, 102);
  assert.deepEqual(shown.slice(50, 53), [
    "line 49",
    "… 200 lines left out; see more …",
    "line 250",
  ]);
  const long = renderResult(resultOf(1, "x".repeat(5_000)), PLAIN, "see more");
  assert.ok(long.length < 1_100);
});

Deno.test("tasks are a table, whose commands are cut to what is readable", () => {
  const table = renderTasks([completeTask(), taskOf({ command: "x".repeat(90) })], PLAIN, () => 0);
  const [header = "", first = "", second = ""] = table.split("\n");
  assert.match(header, /^ID +COMMAND +TARGET +STATUS +TARGETS +CREATED$/);
  assert.match(first, /^t1a2b3c4d5e +uptime +\*\.web\.\* +complete +2 +2026-03-13 12:30$/);
  assert.match(second, / x{39}… /);
});

Deno.test("while a task runs, what went wrong and what runs stand first", () => {
  const targets = new Map([
    [0, targetOf(0, { state: "over", verdict: "complete", exitCode: 0, durationMs: 10 })],
    [1, targetOf(1, { state: "waiting" })],
    [2, targetOf(2)],
    [3, targetOf(3, { state: "over", verdict: "rejected", reason: "guardrails" })],
  ]);
  const task = taskOf({ targets: 5, batches: 3, batch: 1, running: 1, waiting: 2 });
  const text = renderProgress({
    task,
    targets,
    lines: { get: () => "\x1b[31mloud" },
    isAway: true,
    nowMs: task.createdAtMs + 3_000,
  });
  const [head, , ...rows] = text.split("\n");
  assert.equal(
    head,
    "Task t1a2b3c4d5e: batch 2 of 3, 1 running, 2 waiting, 3s (the server does not answer; trying again)",
  );
  assert.deepEqual(rows.map((row) => row.split(/ +/).slice(0, 2)), [
    ["web-03", "rejected"],
    ["web-02", "running"],
    ["web-01", "waiting"],
    ["web-00", "complete"],
    ["…", "1"],
  ]);
  assert.match(rows[1] ?? "", /\\u\{1b\}\[31mloud/);
});

Deno.test("a task counts only what there is", () => {
  assert.equal(countVerdicts(completeTask()), "2 complete");
  assert.equal(countVerdicts(taskOf({ running: 0 })), "no target");
});
