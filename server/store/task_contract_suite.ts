import assert from "node:assert/strict";
import { NO_OUTPUT } from "../../shared/tasks/captured_output.ts";
import { noVerdicts } from "../../shared/tasks/verdict.ts";
import type { Store } from "./store.ts";
import { CursorError } from "./store_error.ts";
import { someTarget, someTask } from "./task_fixture.ts";
import type { StoredTarget, TaskProgress } from "./task_store.ts";

type Promised = (sentence: string, check: (store: Store) => Promise<void>) => void;

/** What every store promises of tasks; part of its contract suite. */
export function testTaskContract(promise: Promised): void {
  promise(
    "a task comes back with its targets as it was added, and an id is taken once",
    async (s) => {
      const task = someTask("t0000000001");
      const targets = [someTarget(0), someTarget(1, { batch: null, verdict: "offline" })];
      assert.equal(await s.tasks.add(task, targets), true);
      assert.equal(await s.tasks.add(someTask("t0000000001"), [someTarget(5)]), false);
      assert.deepEqual(await s.tasks.find("t0000000001"), task);
      assert.equal(await s.tasks.find("t0000000002"), undefined);
      const all = { limit: 10, withOutput: true };
      assert.deepEqual(await s.tasks.listTargets("t0000000001", all), targets);
      assert.deepEqual(
        await s.tasks.findTarget("t0000000001", targets[1]?.envoyUuid ?? ""),
        targets[1],
      );
      assert.equal(await s.tasks.findTarget("t0000000001", crypto.randomUUID()), undefined);
    },
  );

  promise("ids are found by their beginning", async (s) => {
    for (const id of ["t1a00000000", "t1a00000001", "t1b00000000"]) {
      await s.tasks.add(someTask(id), []);
    }
    assert.deepEqual(await s.tasks.findIds("t1a", 5), ["t1a00000000", "t1a00000001"]);
    assert.deepEqual(await s.tasks.findIds("t1", 2), ["t1a00000000", "t1a00000001"]);
    assert.deepEqual(await s.tasks.findIds("t1b00000000", 2), ["t1b00000000"]);
  });

  promise("tasks are paged newest first, and those of one moment by their id", async (s) => {
    for (let at = 0; at < 5; at += 1) {
      await s.tasks.add(someTask(`t000000000${at}`, { createdAtMs: at < 3 ? 7 : 8 }), []);
    }
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await s.tasks.list({ limit: 2, ...(cursor === null ? {} : { cursor }) });
      ids.push(...page.tasks.map(({ record }) => record.id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    assert.deepEqual(ids.map((id) => id.at(-1)), ["4", "3", "2", "1", "0"]);
    await assert.rejects(s.tasks.list({ limit: 1, cursor: "nonsense" }), CursorError);
  });

  promise("the tasks of one envoy are paged newest first, and no other envoy's", async (s) => {
    const envoyUuid = crypto.randomUUID();
    const target = someTarget(1, { envoyUuid, verdict: "failed", exitCode: 3, reason: "über" });
    for (let at = 0; at < 6; at += 1) {
      const task = someTask(`t000000000${at}`, { createdAtMs: at < 4 ? 7 : 8 });
      await s.tasks.add(task, [someTarget(0), at === 2 ? someTarget(1) : target]);
    }
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof s.tasks.listOfEnvoy>> = await s.tasks.listOfEnvoy(
        envoyUuid,
        { limit: 2, ...(cursor === null ? {} : { cursor }) },
      );
      ids.push(...page.tasks.map(({ task }) => task.record.id));
      for (const found of page.tasks) assert.deepEqual(found.target, target);
      cursor = page.nextCursor;
    } while (cursor !== null);
    assert.deepEqual(ids.map((id) => id.at(-1)), ["5", "4", "3", "1", "0"]);
    assert.deepEqual(await s.tasks.listOfEnvoy(crypto.randomUUID(), { limit: 2 }), {
      tasks: [],
      nextCursor: null,
    });
    await assert.rejects(s.tasks.listOfEnvoy(envoyUuid, { limit: 1, cursor: "x" }), CursorError);
  });

  promise("the progress of a task is replaced, and what is over is not unfinished", async (s) => {
    await s.tasks.add(someTask("t0000000001", { createdAtMs: 2 }), []);
    await s.tasks.add(someTask("t0000000002", { createdAtMs: 1 }), []);
    const unfinished = async () => (await s.tasks.listUnfinished()).map(({ record }) => record.id);
    assert.deepEqual(await unfinished(), ["t0000000002", "t0000000001"]);
    const over = overAt(9, 100);
    await s.tasks.saveProgress("t0000000001", over);
    assert.deepEqual(await unfinished(), ["t0000000002"]);
    assert.deepEqual((await s.tasks.find("t0000000001"))?.progress, over);
    assert.deepEqual(await s.tasks.listFinished(), [{ finishedAtMs: 9, outputBytes: 100 }]);
  });

  promise("verdicts are written in place, with output byte for byte", async (s) => {
    await s.tasks.add(someTask("t0000000001"), [someTarget(0), someTarget(1)]);
    const [first, second] = await s.tasks.listTargets("t0000000001", {
      limit: 9,
      withOutput: true,
    });
    assert.ok(first && second);
    const output = {
      stdout: { head: Uint8Array.of(0, 255, 254, 10), tail: Uint8Array.of(7), droppedBytes: 3 },
      stderr: NO_OUTPUT,
    };
    const done: StoredTarget = {
      ...second,
      verdict: "failed",
      exitCode: 3,
      durationMs: 42,
      reason: "über",
      output,
    };
    await s.tasks.saveTargets(new Map([["t0000000001", [done]], ["t0000000009", [done]]]));
    assert.deepEqual(
      await s.tasks.listTargets("t0000000001", { limit: 9, withOutput: true }),
      [first, done],
    );
    assert.deepEqual(
      await s.tasks.listTargets("t0000000001", { limit: 9, withOutput: false }),
      [first, { ...done, output: null }],
    );
    assert.deepEqual(
      await s.tasks.listTargets("t0000000009", { limit: 9, withOutput: false }),
      [],
      "a task that is gone gets no targets",
    );
  });

  promise("targets are paged by position and chosen by verdict", async (s) => {
    const verdicts = ["complete", null, "failed", "lost", "complete"] as const;
    await s.tasks.add(
      someTask("t0000000001"),
      verdicts.map((verdict, position) => someTarget(position, { verdict })),
    );
    const positions = async (filter: object) =>
      (await s.tasks.listTargets("t0000000001", { limit: 9, withOutput: false, ...filter }))
        .map(({ position }) => position);
    assert.deepEqual(await positions({ limit: 2 }), [0, 1]);
    assert.deepEqual(await positions({ after: 1, limit: 2 }), [2, 3]);
    assert.deepEqual(await positions({ verdicts: new Set(["complete", "lost"]) }), [0, 3, 4]);
  });

  promise(
    "old tasks go with their targets, in steps; what runs stays however old it is",
    async (s) => {
      for (const [id, finishedAtMs] of [["1", 5], ["2", 6], ["3", 50]] as const) {
        const task = someTask(`t000000000${id}`);
        await s.tasks.add(
          { ...task, progress: overAt(finishedAtMs, 0) },
          Array.from({ length: 7 }, (_, position) => someTarget(position)),
        );
      }
      await s.tasks.add(someTask("t0000000004"), [someTarget(0)]);
      let removed = 0, steps = 0;
      for (let isDone = false; !isDone; steps += 1) {
        const step = await s.tasks.prune(10, 4);
        removed += step.tasks;
        isDone = step.isDone;
      }
      assert.equal(removed, 2);
      assert.ok(steps < 20);
      const kept = (await s.tasks.list({ limit: 9 })).tasks.map(({ record }) => record.id);
      assert.deepEqual(kept.sort(), ["t0000000003", "t0000000004"]);
      const all = { limit: 9, withOutput: false };
      assert.equal((await s.tasks.listTargets("t0000000001", all)).length, 0);
      assert.equal((await s.tasks.listTargets("t0000000003", all)).length, 7);
    },
  );
}

function overAt(finishedAtMs: number, outputBytes: number): TaskProgress {
  return {
    ...someTask("t").progress,
    status: "aborted",
    reason: "3 of 2 targets may fail",
    phase: "over",
    finishedAtMs,
    counts: { ...noVerdicts(), lost: 2 },
    outputBytes,
  };
}
