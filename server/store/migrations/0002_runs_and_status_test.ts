import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { TemporaryRoot } from "../../../tests/support/temporary_root.ts";
import { openSqliteStore } from "../open_sqlite_store.ts";
import { firstSchema } from "./0001_first_schema.ts";

const RUNS = 1_001;

Deno.test("runs of the first schema are there, filtered and pruned as those that come after", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("vigo.db");
  await (await openSqliteStore(path, { migrations: [firstSchema] })).close();
  const envoyUuid = crypto.randomUUID();
  fillFirstSchema(path, envoyUuid);
  const store = await openSqliteStore(path);
  try {
    const failed = await store.runs.list({ outcomes: new Set(["failed"]), limit: 10 });
    assert.deepEqual(failed.runs.map((run) => [run.startedAtMs, run.unknown]), [[RUNS - 1, 0]]);
    assert.equal((await store.runs.list({ limit: 2_000 })).runs.length, RUNS);
    assert.equal(await store.runs.prune(10, 100), 10);
    const [envoy] = await store.envoys.list();
    assert.deepEqual([envoy?.previousHostname, envoy?.removedAtMs], [null, null]);
    assert.equal((await store.envoys.listObservations())[0]?.runSerial, 0);
  } finally {
    await store.close();
  }
});

/** One envoy that was seen, and {@linkcode RUNS} runs, the last of which failed. */
function fillFirstSchema(path: string, envoyUuid: string): void {
  const database = new DatabaseSync(path);
  try {
    database.prepare("INSERT INTO envoys VALUES (?, 'web-1', 'k', 'active', 1, NULL, '{}', 0, 0)")
      .run(envoyUuid);
    database.prepare(
      "INSERT INTO envoy_observations VALUES (?, 1, 60000, '', '', '', '', '', '', '', '{}', 0, 'NoData', 0, 0)",
    ).run(envoyUuid);
    database.prepare("INSERT INTO envoy_stable_traits VALUES (?, '{}')").run(envoyUuid);
    const insert = database.prepare("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?)");
    database.exec("BEGIN");
    for (let n = 0; n < RUNS; n += 1) {
      const isFailed = n === RUNS - 1;
      const runId = crypto.randomUUID();
      const summary = {
        runId,
        envoyUuid,
        hostname: "web-1",
        startedAtMs: n,
        durationMs: 1,
        policyVersion: "v1",
        trigger: "interval",
        outcome: isFailed ? "failed" : "changed",
        changed: 1,
        failed: 0,
        blocked: 0,
        skipped: 0,
        total: 1,
      };
      insert.run(
        runId,
        envoyUuid,
        n,
        isFailed ? 1 : 0,
        JSON.stringify(summary),
        JSON.stringify({ root: "ab".repeat(32) }),
      );
    }
    database.exec("COMMIT");
  } finally {
    database.close();
  }
}
