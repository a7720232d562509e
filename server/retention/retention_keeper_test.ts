import assert from "node:assert/strict";
import { OUTCOMES, type RunReport } from "../../shared/config/run_report.ts";
import { summarizeRun } from "../status/summarize_run.ts";
import { MemoryStore } from "../store/memory_store.ts";
import type { Store } from "../store/store.ts";
import { someTask as makeTask } from "../store/task_fixture.ts";
import type { StoredTask, TaskProgress } from "../store/task_store.ts";
import { RetentionKeeper } from "./retention_keeper.ts";

const DAY_MS = 86_400_000;
const NOW = 100 * DAY_MS;

async function addRuns(store: Store, count: number, receivedAtMs: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const counts = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0]));
    const report: RunReport = {
      schema: 1,
      runId: crypto.randomUUID(),
      policyVersion: "v",
      root: "ab".repeat(32),
      // A clock that is decades behind must not cost a run its retention.
      startedAtMs: 1,
      durationMs: 1,
      trigger: "interval",
      dryRun: false,
      // Every outcome is a key by construction.
      counts: { ...counts, failed: 1 } as RunReport["counts"],
      resources: [],
      truncated: false,
    };
    const envoy = { uuid: crypto.randomUUID(), hostname: "web-1" };
    await store.runs.add({ summary: summarizeRun(report, envoy, receivedAtMs), report });
  }
}

function someTask(id: string, progress: Partial<TaskProgress>): StoredTask {
  const task = makeTask(id);
  return { ...task, progress: { ...task.progress, ...progress } };
}

function open(store: Store, pruneVersions = (_beforeMs: number) => Promise.resolve(0)) {
  return new RetentionKeeper({ store, now: () => NOW, retentionMs: 30 * DAY_MS, pruneVersions });
}

Deno.test("what is past its retention goes in small steps, and everything younger stays", async () => {
  const store = new MemoryStore();
  await addRuns(store, 450, NOW - 31 * DAY_MS);
  await addRuns(store, 3, NOW - 29 * DAY_MS);
  const limits: number[] = [];
  const { prune } = store.runs;
  Object.assign(store.runs, {
    prune: (beforeMs: number, limit: number) => {
      limits.push(limit);
      return prune(beforeMs, limit);
    },
  });
  const cutoffs: number[] = [];
  const retention = open(store, (beforeMs) => {
    cutoffs.push(beforeMs);
    return Promise.resolve(2);
  });
  assert.deepEqual(await retention.prune(), {
    runs: 450,
    bundles: 0,
    tasks: 0,
    workflows: 0,
    minutes: 0,
    versions: 2,
  });
  assert.equal((await store.runs.list({ limit: 10 })).runs.length, 3);
  assert.equal(limits.length, 3, "450 runs are no single step");
  assert.deepEqual(cutoffs, [NOW - 30 * DAY_MS]);
});

Deno.test("a bundle goes with the last run of it", async () => {
  const store = new MemoryStore();
  await addRuns(store, 1, NOW - 31 * DAY_MS);
  const used = { root: "ab".repeat(32), policyVersion: "v", resources: [] };
  await store.bundles.saveAll([used], NOW - 40 * DAY_MS);
  assert.deepEqual(await open(store).prune(), {
    runs: 1,
    bundles: 1,
    tasks: 0,
    workflows: 0,
    minutes: 0,
    versions: 0,
  });
});

Deno.test("tasks go by their end, and none that runs", async () => {
  const store = new MemoryStore();
  const progress = { finishedAtMs: NOW - 31 * DAY_MS, outputBytes: 0 };
  await store.tasks.add(someTask("t0000000001", progress), []);
  await store.tasks.add(someTask("t0000000002", { ...progress, finishedAtMs: NOW }), []);
  await store.tasks.add(someTask("t0000000003", { ...progress, finishedAtMs: null }), []);
  assert.equal((await open(store).prune()).tasks, 1);
  assert.deepEqual(await store.tasks.findIds("t", 9), ["t0000000002", "t0000000003"]);
});

Deno.test("of tasks whose output fills the disk the newest stay, however young all are", async () => {
  const store = new MemoryStore();
  const outputBytes = 2 ** 31;
  for (const age of [1, 2, 3, 4]) {
    await store.tasks.add(
      someTask(`t000000000${age}`, { finishedAtMs: NOW - age, outputBytes }),
      [],
    );
  }
  assert.equal((await open(store).prune()).tasks, 2);
  assert.deepEqual(await store.tasks.findIds("t", 9), ["t0000000001", "t0000000002"]);
});

Deno.test("whoever asks while it prunes gets the same answer", async () => {
  const store = new MemoryStore();
  await addRuns(store, 1, 0);
  const retention = open(store);
  const [one, other] = await Promise.all([retention.prune(), retention.prune()]);
  assert.equal(one, other);
  assert.equal((await retention.prune()).runs, 0);
});

Deno.test("a stop ends it after the step that runs", async () => {
  const store = new MemoryStore();
  await addRuns(store, 450, 0);
  const retention = open(store, () => assert.fail("nothing begins after a stop"));
  const pruning = retention.prune();
  await retention.stop();
  assert.ok((await pruning).runs < 450);
});
