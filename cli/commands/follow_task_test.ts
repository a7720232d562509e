import assert from "node:assert/strict";
import type { TaskEvent, TaskSummary } from "../../shared/rest/tasks.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { ApiClient } from "../client/api_client.ts";
import { ApiError, UnreachableError } from "../client/api_error.ts";
import { EventStreamError, SilentStreamError } from "../client/event_stream.ts";
import type { CliContext } from "../context.ts";
import { createOutput } from "../output/output.ts";
import { completeTask, targetOf, taskOf } from "../output/task_fixture.ts";
import { followTask } from "./follow_task.ts";

/** What a stream or a look comes to, one after the other; the last one from then on. */
interface Script {
  readonly streams: readonly (readonly (TaskEvent | Error)[])[];
  readonly looks?: readonly (TaskSummary | Error)[];
  /** Interrupts at this pause. */
  readonly interruptAt?: number;
}

async function follow({ streams, looks = [], interruptAt = Infinity }: Script) {
  const stop = new AbortController();
  const asked = { streams: 0, looks: 0 };
  let nowMs = 0, pauses = 0;
  const client = {
    follow: async function* () {
      const told = streams[Math.min(asked.streams++, streams.length - 1)] ?? [];
      for (const each of told) {
        await Promise.resolve();
        if (each instanceof Error) throw each;
        yield each;
      }
    },
    call: ({ path }: { path: string }) => {
      if (path.endsWith("/results")) {
        return Promise.resolve({ results: [{ ...targetOf(0), stdout: null, stderr: null }] });
      }
      const answer = looks[Math.min(asked.looks++, looks.length - 1)] ?? taskOf();
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  let error = "";
  const context = {
    output: createOutput({
      write: () => {},
      writeError: (text) => error += text,
      isTerminal: true,
      isErrorTerminal: true,
      screen: { columns: 80, rows: 24 },
    }),
    signal: stop.signal,
    now: () => nowMs,
    pause: (ms: number) => {
      nowMs += ms;
      pauses += 1;
      if (pauses >= interruptAt) stop.abort();
      return Promise.resolve();
    },
  };
  // What following uses of a client and a context is what these have.
  const following = followTask(
    client as unknown as ApiClient,
    "t1a2b3c4d5e",
    context as unknown as CliContext,
  );
  const outcome = await following.catch((problem: unknown) => problem);
  return { outcome, asked, error };
}

const RUNNING: TaskEvent = { kind: "task", task: taskOf() };
const OVER: TaskEvent = { kind: "task", task: completeTask() };
const TARGETS: TaskEvent = { kind: "targets", targets: [targetOf(0), targetOf(1)] };
const OUTPUT: TaskEvent = {
  kind: "output",
  position: 0,
  hostname: "web-00",
  stream: "stdout",
  offset: 0,
  data: new TextEncoder().encode("hello\n").toBase64(),
};
const BROKEN = new EventStreamError("the stream broke off");
const AWAY = new UnreachableError("Cannot reach the server", undefined);

Deno.test("a task is followed by the server's events, and nobody is asked besides", async () => {
  const { outcome, asked } = await follow({ streams: [[RUNNING, TARGETS, OUTPUT, OVER]] });
  assert.deepEqual([outcome, asked], [completeTask(), { streams: 1, looks: 0 }]);
});

Deno.test("a stream that breaks off is begun again, after a look", async () => {
  const { outcome, asked } = await follow({
    streams: [[RUNNING, BROKEN], [RUNNING, OVER]],
    looks: [taskOf()],
  });
  assert.deepEqual([outcome, asked], [completeTask(), { streams: 2, looks: 1 }]);
});

Deno.test("where there is no stream, it is asked again and again", async () => {
  const { outcome, asked } = await follow({
    streams: [[new ApiError(429, "32 readers follow this task already")]],
    looks: [taskOf(), taskOf(), completeTask()],
  });
  assert.deepEqual([outcome, asked], [completeTask(), { streams: 1, looks: 3 }]);
});

Deno.test("a stream that something on the way holds back is not asked for again", async () => {
  const { outcome, asked } = await follow({
    streams: [[new SilentStreamError("the server fell silent")]],
    looks: [taskOf(), completeTask()],
  });
  assert.deepEqual([outcome, asked], [completeTask(), { streams: 1, looks: 2 }]);
});

Deno.test("a server that is away is waited for, but not for ever", async () => {
  const back = await follow({ streams: [[BROKEN]], looks: [AWAY, AWAY, completeTask()] });
  assert.deepEqual(back.outcome, completeTask());
  const { outcome, asked } = await follow({ streams: [[BROKEN]], looks: [AWAY] });
  assert.ok(outcome instanceof UserError);
  assert.equal(outcome.exitCode, EXIT_CODE.unreachable);
  assert.match(outcome.message, /Task t1a2b3c4d5e goes on when it is back/);
  assert.ok(asked.looks > 100, "two minutes of looks");
});

Deno.test("an interrupt ends the watching, with the id of what goes on", async () => {
  const { outcome } = await follow({ streams: [[RUNNING, BROKEN]], interruptAt: 1 });
  assert.ok(outcome instanceof UserError);
  assert.equal(outcome.exitCode, EXIT_CODE.interrupted);
  assert.match(outcome.message, /task t1a2b3c4d5e goes on\. .*vigocli task cancel t1a2b3c4d5e$/);
});

Deno.test("a server that says no is not asked again", async () => {
  const { outcome, asked } = await follow({
    streams: [[BROKEN]],
    looks: [new ApiError(404, "No task has the id")],
  });
  assert.ok(outcome instanceof ApiError);
  assert.equal(asked.looks, 1);
});
