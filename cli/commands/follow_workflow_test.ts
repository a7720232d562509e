import assert from "node:assert/strict";
import type { WorkflowRun, WorkflowStepRun } from "../../shared/rest/workflows.ts";
import { noVerdicts } from "../../shared/tasks/verdict.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { ApiClient } from "../client/api_client.ts";
import { ApiError, UnreachableError } from "../client/api_error.ts";
import { EventStreamError } from "../client/event_stream.ts";
import type { CliContext } from "../context.ts";
import { createOutput } from "../output/output.ts";
import { followWorkflow } from "./follow_workflow.ts";

const ID = "w0000000001";

function step(name: string, change: Partial<WorkflowStepRun> = {}): WorkflowStepRun {
  return {
    name,
    command: "true",
    task: null,
    params: {},
    target: "*",
    needs: [],
    onFailure: "stop",
    timeoutSecs: 60,
    nice: 0,
    batchSize: null,
    maxFailures: null,
    healthCheckUrl: null,
    status: "waiting",
    reason: null,
    taskId: null,
    targets: 0,
    counts: noVerdicts(),
    startedAtMs: null,
    finishedAtMs: null,
    ...change,
  };
}

function workflow(status: WorkflowRun["status"], ...steps: WorkflowStepRun[]): WorkflowRun {
  return {
    id: ID,
    name: "upgrade",
    description: "",
    operator: "ada",
    principal: "local-root",
    forced: false,
    status,
    reason: null,
    createdAtMs: 0,
    finishedAtMs: status === "running" ? null : 1,
    steps,
  };
}

const BEGUN = { taskId: "t0000000001", targets: 2, startedAtMs: 1 } as const;
const running = workflow("running", step("a", { ...BEGUN, status: "running" }), step("b"));
const complete = workflow(
  "complete",
  step("a", { ...BEGUN, status: "complete" }),
  step("b", { ...BEGUN, status: "complete" }),
);
const failed = workflow(
  "failed",
  step("a", { ...BEGUN, status: "failed", reason: "1 failed of 2 targets\x1b[31m" }),
  step("b", { status: "skipped", reason: "a failed" }),
);

/** Follows a workflow of which the server says these, one after the other, and then what it said last: when asked, or by `events`. */
async function follow(
  said: readonly (WorkflowRun | Error)[],
  { json = false, isTerminal = false, stopAfter = Infinity, events = false } = {},
) {
  const stop = new AbortController();
  const written = { out: "", error: "" };
  let turn = 0, nowMs = 0;
  const client = {
    follow: async function* () {
      await Promise.resolve();
      if (!events) throw new ApiError(429, "32 readers follow this workflow already");
      while (turn < said.length) {
        const event = said[turn++];
        if (event instanceof Error) throw event;
        if (event) yield event;
      }
    },
    call: () => {
      const answer = said[Math.min(turn, said.length - 1)];
      turn += 1;
      if (turn >= stopAfter) stop.abort();
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  const context = {
    output: createOutput({
      write: (text) => void (written.out += text),
      writeError: (text) => void (written.error += text),
      isTerminal,
      isErrorTerminal: isTerminal,
    }),
    signal: stop.signal,
    now: () => nowMs += 10_000,
    pause: () => Promise.resolve(),
  };
  // It calls no other verb of the client and touches no other part of the context.
  const ended = await followWorkflow(
    client as unknown as ApiClient,
    ID,
    context as unknown as CliContext,
    json,
  ).then(() => undefined, (error) => error);
  assert.ok(ended === undefined || ended instanceof UserError, String(ended));
  return { ...written, message: ended?.message ?? "", exitCode: ended?.exitCode ?? EXIT_CODE.ok };
}

Deno.test("by the server's events a workflow is followed without asking, and on when they break off", async () => {
  const { out, exitCode } = await follow([running, complete], { events: true });
  assert.equal(exitCode, EXIT_CODE.ok);
  assert.equal(out.trim().split("\n").at(-1), `Workflow ${ID} is complete`);
  const broken = new EventStreamError("the stream broke off");
  const again = await follow([running, broken, running, complete], { events: true });
  assert.equal(again.out, out);
});

Deno.test("on a pipe each step writes a line when it begins and when it is over", async () => {
  const { out, exitCode } = await follow([running, running, complete]);
  assert.equal(exitCode, EXIT_CODE.ok);
  assert.deepEqual(out.trim().split("\n"), [
    "a: running (task t0000000001, 2 targets)",
    "a: complete (task t0000000001)",
    "b: complete (task t0000000001)",
    `Workflow ${ID} is complete`,
  ]);
});

Deno.test("a workflow that is not complete ends with 1, and says where to look", async () => {
  const { out, message, exitCode } = await follow([failed]);
  assert.equal(exitCode, EXIT_CODE.failed);
  assert.match(out, /^a: failed \(task t0000000001\): 1 failed of 2 targets/m);
  assert.match(out, /^b: skipped: a failed$/m);
  assert.ok(!out.includes("\x1b"), "what the server says is safe for a terminal");
  assert.match(message, /is not complete: 1 failed, 1 skipped\. .*vigocli task status t0000000001/);
});

Deno.test("on a terminal the steps are drawn anew, and stand there at the end", async () => {
  const { out, error } = await follow([running, complete], { isTerminal: true });
  assert.match(error, /Workflow w0000000001: 1 waiting, 1 running/);
  assert.match(out, /^STEP +STATUS +TASK +DONE +TOOK +REASON/);
  assert.match(out, /b +complete/);
});

Deno.test("with JSON there is the whole run at the end, and nothing else", async () => {
  const { out, exitCode } = await follow([running, failed], { json: true });
  assert.equal(exitCode, EXIT_CODE.failed);
  assert.deepEqual(JSON.parse(out), failed);
});

Deno.test("who interrupts reads the id, and that it goes on", async () => {
  const { message, exitCode } = await follow([running], { stopAfter: 2 });
  assert.equal(exitCode, EXIT_CODE.interrupted);
  assert.match(message, /workflow w0000000001 goes on.*vigocli workflow cancel w0000000001/);
});

Deno.test("a server that restarts is waited for, one that stays away is not", async () => {
  const away = new UnreachableError("Cannot reach the server", undefined);
  assert.equal((await follow([running, away, away, complete])).exitCode, EXIT_CODE.ok);
  const { message, exitCode } = await follow([running, away]);
  assert.equal(exitCode, EXIT_CODE.unreachable);
  assert.match(message, /goes on when it is back/);
});
