import assert from "node:assert/strict";
import type { RunSummary } from "../../shared/rest/runs.ts";
import { addEnvoy, someBundle, someObservation, someRun } from "./contract_records.ts";
import type { RunFilter, Store } from "./store.ts";
import { CursorError } from "./store_error.ts";

/** What every store promises of runs, their bundles and the minutes of the fleet; part of the contract suite. */
export function testRunContract(
  promise: (sentence: string, check: (store: Store) => Promise<void>) => void,
): void {
  promise("a run is stored once, and comes back with its report", async (s) => {
    const run = someRun({ startedAtMs: 10 });
    assert.equal(await s.runs.add(run), true);
    const altered = { ...run, summary: { ...run.summary, changed: 99 } };
    assert.equal(await s.runs.add(altered), false);
    assert.deepEqual(await s.runs.find(run.summary.runId), run);
    assert.equal(await s.runs.find(crypto.randomUUID()), undefined);
  });

  promise(
    "pages of runs follow each other, newest first, without loss or repetition",
    async (s) => {
      // Two runs of one millisecond at each page's end: only the run id tells them apart.
      const runs = [5, 5, 4, 3, 3, 3, 1].map((startedAtMs) => someRun({ startedAtMs }));
      for (const run of runs) await s.runs.add(run);
      const seen: RunSummary[] = [];
      let cursor: string | null | undefined;
      do {
        const page = await s.runs.list({ limit: 2, ...(cursor ? { cursor } : {}) });
        assert.ok(page.runs.length <= 2);
        seen.push(...page.runs);
        cursor = page.nextCursor;
      } while (cursor);
      assert.deepEqual(seen.map((run) => run.startedAtMs), [5, 5, 4, 3, 3, 3, 1]);
      assert.equal(new Set(seen.map((run) => run.runId)).size, 7);
    },
  );

  promise("runs are filtered by envoys, outcome and time, all at once or apart", async (s) => {
    const [one, other] = [crypto.randomUUID(), crypto.randomUUID()];
    await s.runs.add(someRun({ startedAtMs: 1, envoyUuid: one }));
    await s.runs.add(someRun({ startedAtMs: 2, envoyUuid: one, outcome: "failed" }));
    await s.runs.add(someRun({ startedAtMs: 3, envoyUuid: other, outcome: "failed" }));
    await s.runs.add(someRun({ startedAtMs: 4, outcome: "degraded" }));
    const times = async (filter: Omit<RunFilter, "limit">) =>
      (await s.runs.list({ ...filter, limit: 10 })).runs.map((run) => run.startedAtMs);
    assert.deepEqual(await times({}), [4, 3, 2, 1]);
    assert.deepEqual(await times({ envoyUuids: new Set([one]) }), [2, 1]);
    assert.deepEqual(await times({ envoyUuids: new Set([one, other]) }), [3, 2, 1]);
    assert.deepEqual(await times({ envoyUuids: new Set() }), []);
    assert.deepEqual(await times({ outcomes: new Set(["failed", "degraded"]) }), [4, 3, 2]);
    assert.deepEqual(await times({ sinceMs: 3 }), [4, 3]);
    assert.deepEqual(
      await times({ envoyUuids: new Set([one]), outcomes: new Set(["failed"]), sinceMs: 2 }),
      [2],
    );
  });

  promise("a set of envoys too large to be named pages like any other", async (s) => {
    const wanted = new Set(Array.from({ length: 12_000 }, () => crypto.randomUUID()));
    const [first = "", second = ""] = wanted;
    await s.transaction(async (inside) => {
      for (let n = 0; n < 1_200; n += 1) await inside.runs.add(someRun({ startedAtMs: n + 10 }));
      await inside.runs.add(someRun({ startedAtMs: 3, envoyUuid: first }));
      await inside.runs.add(someRun({ startedAtMs: 2, envoyUuid: second }));
      await inside.runs.add(someRun({ startedAtMs: 1, envoyUuid: first }));
    });
    const page = await s.runs.list({ envoyUuids: wanted, limit: 2 });
    assert.deepEqual(page.runs.map((run) => run.startedAtMs), [3, 2]);
    const rest = await s.runs.list({
      envoyUuids: wanted,
      limit: 2,
      cursor: page.nextCursor ?? "none",
    });
    assert.deepEqual(rest.runs.map((run) => run.startedAtMs), [1]);
    assert.equal(rest.nextCursor, null);
  });

  promise("runs are pruned oldest first by when they came, some at a time", async (s) => {
    for (const [startedAtMs, receivedAtMs] of [[9, 1], [1, 2], [5, 3], [0, 9]] as const) {
      await s.runs.add(someRun({ startedAtMs, receivedAtMs }));
    }
    const left = async () =>
      (await s.runs.list({ limit: 10 })).runs.map((run) => run.receivedAtMs).sort();
    assert.equal(await s.runs.prune(9, 2), 2);
    assert.deepEqual(await left(), [3, 9]);
    assert.equal(await s.runs.prune(9, 2), 1);
    assert.equal(await s.runs.prune(9, 2), 0);
    assert.deepEqual(await left(), [9]);
  });

  promise("a cursor that was never handed out is refused by name", async (s) => {
    await assert.rejects(s.runs.list({ limit: 1, cursor: "' or 1=1" }), CursorError);
  });

  promise("a bundle is kept once by its root, and comes back whole", async (s) => {
    const bundle = someBundle("aa");
    await s.bundles.saveAll([bundle, someBundle("bb")], 1);
    await s.bundles.saveAll([{ ...bundle, policyVersion: "another" }], 2);
    await s.bundles.saveAll([], 3);
    assert.deepEqual(await s.bundles.find("aa"), bundle);
    assert.equal(await s.bundles.find("cc"), undefined);
  });

  promise("a bundle goes when it is old, no run is of it and no envoy holds it", async (s) => {
    const bundles = ["aa", "bb", "cc", "dd", "ee"].map(someBundle);
    await s.bundles.saveAll(bundles, 1);
    await s.bundles.saveAll([someBundle("bb")], 5);
    const run = someRun({});
    await s.runs.add({ ...run, report: { ...run.report, root: "cc" } });
    const observation = someObservation((await addEnvoy(s)).uuid);
    await s.envoys.saveObservations([{ ...observation, fingerprint: "dd" }]);
    assert.equal(await s.bundles.prune(5, 1), 1);
    assert.equal(await s.bundles.prune(5, 10), 1);
    assert.equal(await s.bundles.prune(5, 10), 0);
    const left = await Promise.all(bundles.map(({ root }) => s.bundles.find(root)));
    assert.deepEqual(left.map((one) => one?.root), [undefined, "bb", "cc", "dd", undefined]);
  });

  promise("a minute written in two parts has the sum of both and the later state", async (s) => {
    const minute = (minuteMs: number, count: number) => ({
      minuteMs,
      checkIns: count,
      runs: count,
      online: count,
      converged: count,
      degraded: count,
      failed: count,
      noData: count,
      originBytes: count,
      peerBytes: count,
      serverBytes: count,
    });
    await s.minutes.add(minute(60_000, 2));
    await s.minutes.add(minute(0, 1));
    await s.minutes.add(minute(60_000, 3));
    await s.minutes.add(minute(120_000, 7));
    const sum = { checkIns: 5, runs: 5, originBytes: 5, peerBytes: 5, serverBytes: 5 };
    assert.deepEqual(await s.minutes.list(60_000, 1), [{ ...minute(60_000, 3), ...sum }]);
    assert.equal(await s.minutes.prune(60_001), 2);
    assert.deepEqual((await s.minutes.list(0, 10)).map(({ minuteMs }) => minuteMs), [120_000]);
  });
}
