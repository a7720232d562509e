import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { getLogger } from "@logtape/logtape";
import { eventually } from "../../tests/support/eventually.ts";
import { someTarget } from "../store/task_fixture.ts";
import type { StoredTarget } from "../store/task_store.ts";
import { VerdictWriter } from "./verdict_writer.ts";

const LOGGER = getLogger("test");
const PATIENCE_MS = 60_000;

/** A store that counts its transactions and the targets in them. */
function countingStore() {
  const written: number[] = [];
  return {
    written,
    saveTargets: (targets: ReadonlyMap<string, readonly StoredTarget[]>) => {
      written.push([...targets.values()].reduce((sum, { length }) => sum + length, 0));
      return Promise.resolve();
    },
  };
}

Deno.test("thousands of agents are told of their verdicts in turns, between which others get theirs", async () => {
  const store = countingStore();
  const writer = new VerdictWriter(store, LOGGER);
  let told = 0, seen = 0, most = 0;
  for (let position = 0; position < 2_000; position += 1) {
    writer.note("t1", someTarget(position), () => told += 1);
  }
  while (told < 2_000) {
    await setImmediate();
    most = Math.max(most, told - seen);
    seen = told;
  }
  await writer.stop();
  assert.ok(most <= 50, `${most} agents were told in one go`);
  assert.ok(store.written.length < 20, `${store.written.length} transactions`);
});

Deno.test("an agent is told only after its verdict is written, and a stop waits for that", async () => {
  const store = countingStore();
  const writer = new VerdictWriter(store, LOGGER);
  const told: number[] = [];
  for (let position = 0; position < 100; position += 1) {
    writer.note("t1", someTarget(position), () => {
      assert.equal(store.written.length > 0, true);
      told.push(position);
    });
  }
  await writer.stop();
  assert.equal(told.length, 100);
  assert.deepEqual(store.written, [100]);
});

Deno.test("one agent that cannot be told keeps nobody else from being told", async () => {
  const store = countingStore();
  const writer = new VerdictWriter(store, LOGGER);
  let told = 0;
  writer.note("t1", someTarget(0), () => {
    throw new Error("its stream broke");
  });
  writer.note("t1", someTarget(1), () => told += 1);
  await writer.flush();
  await writer.stop();
  assert.deepEqual([told, store.written], [1, [2]]);
});

Deno.test("whoever waits for what is written waits for no others to be written with", async () => {
  const store = countingStore();
  const writer = new VerdictWriter(store, LOGGER, { batchMs: 3_600_000 });
  writer.note("t1", someTarget(0));
  writer.note("t1", someTarget(1));
  void writer.flush();
  await eventually("both are written", () => store.written.length === 1, PATIENCE_MS);
  writer.note("t1", someTarget(2));
  void writer.flush();
  await eventually("the third is written", () => store.written.length === 2, PATIENCE_MS);
  assert.deepEqual(store.written, [2, 1]);
  await writer.stop();
});
