import assert from "node:assert/strict";
import type { ConfigVersion } from "../../shared/rest/config.ts";
import { testAuditContract } from "./audit_contract_suite.ts";
import { addEnvoy, someEnvoy, someManifestEntry, someObservation } from "./contract_records.ts";
import { testEnvoyContract } from "./envoy_contract_suite.ts";
import { testPeopleContract } from "./people_contract.ts";
import { testQueueContract } from "./queue_contract_suite.ts";
import { testRunContract } from "./run_contract_suite.ts";
import type { Store } from "./store.ts";
import { testTaskContract } from "./task_contract_suite.ts";
import { testWorkflowContract } from "./workflow_contract_suite.ts";

/** What every {@linkcode Store} promises, as tests. `open` gives an empty store each time. */
export function testStoreContract(name: string, open: () => Promise<Store>): void {
  const promise = (sentence: string, check: (store: Store) => Promise<void>) =>
    Deno.test(`${name}: ${sentence}`, async () => {
      const store = await open();
      try {
        await check(store);
      } finally {
        await store.close();
      }
    });

  testEnvoyContract(promise);

  testRunContract(promise);

  testAuditContract(promise);

  testPeopleContract(promise);

  testTaskContract(promise);

  testWorkflowContract(promise);

  testQueueContract(promise);

  promise("a fact is what was set last", async (s) => {
    assert.equal(await s.facts.get("fleet_serial"), undefined);
    await s.facts.set("fleet_serial", "1");
    await s.facts.set("fleet_serial", "2");
    assert.equal(await s.facts.get("fleet_serial"), "2");
    await s.facts.remove("fleet_serial");
    await s.facts.remove("fleet_serial");
    assert.equal(await s.facts.get("fleet_serial"), undefined);
  });

  promise("at most one published version is live, and the same may come again", async (s) => {
    const version = (name: string, live: boolean): ConfigVersion => ({
      version: name,
      publishedAtMs: 1,
      publishedBy: "local-root",
      message: "",
      live,
      rollbackOf: null,
    });
    await s.configVersions.append(version("a", true));
    await s.configVersions.append(version("b", true));
    await s.configVersions.append({ ...version("a", true), rollbackOf: "b" });
    await s.configVersions.append(version("c", false));
    const found = await s.configVersions.list(10);
    assert.deepEqual(found.map((one) => [one.version, one.live, one.rollbackOf]), [
      ["c", false, null],
      ["a", true, "b"],
      ["b", false, null],
      ["a", false, null],
    ]);
    assert.equal((await s.configVersions.list(1)).length, 1);
  });

  promise("a manifest cell keeps the highest stamp, whatever order they come in", async (s) => {
    const cell = (author: string, stamp: number) => someManifestEntry(author, stamp);
    await s.manifest.saveAll([cell("a", 5), cell("b", 1)]);
    await s.manifest.saveAll([cell("a", 4), cell("b", 2)]);
    await s.manifest.saveAll([]);
    assert.deepEqual((await s.manifest.list()).map((one) => one.stamp), [5, 2]);
    const { sha256, author } = cell("a", 5);
    await s.manifest.remove([{ sha256, author }]);
    assert.deepEqual(await s.manifest.list(), [cell("b", 2)]);
  });

  promise("a batch that names one thing twice keeps what it would after the other", async (s) => {
    const cell = (stamp: number) => someManifestEntry("a", stamp);
    await s.manifest.saveAll([cell(1), cell(3), cell(2)]);
    assert.deepEqual((await s.manifest.list()).map((one) => one.stamp), [3]);
    const { uuid } = await addEnvoy(s);
    const seen = (lastSeenMs: number) => ({ ...someObservation(uuid), lastSeenMs });
    await s.envoys.saveObservations([seen(1), seen(2)]);
    assert.deepEqual((await s.envoys.listObservations()).map((one) => one.lastSeenMs), [2]);
  });

  promise("what a machine says of itself may hold any character", async (s) => {
    const { uuid } = await addEnvoy(s);
    const hostile = {
      ...someObservation(uuid),
      pausedReason: "a\0b\u{1F600}",
      agentVersion: "\uD800",
    };
    await s.envoys.saveObservations([hostile, someObservation((await addEnvoy(s)).uuid)]);
    assert.equal((await s.envoys.listObservations()).length, 2);
  });

  promise("texts are sorted by their bytes, whatever the language of the database", async (s) => {
    for (const hostname of ["b", "a-b", "ab", "a.b"]) await s.envoys.add(someEnvoy({ hostname }));
    assert.deepEqual((await s.envoys.list()).map(({ hostname }) => hostname), [
      "a-b",
      "a.b",
      "ab",
      "b",
    ]);
  });

  promise("a transaction sees its own writes and keeps them together", async (s) => {
    await s.transaction(async (inside) => {
      await inside.facts.set("a", "1");
      assert.equal(await inside.facts.get("a"), "1");
      const { uuid } = await addEnvoy(inside);
      await inside.envoys.saveObservations([someObservation(uuid)]);
    });
    assert.equal(await s.facts.get("a"), "1");
    assert.equal((await s.envoys.listObservations()).length, 1);
  });

  promise(
    "a transaction that fails leaves nothing, and its failure reaches the caller",
    async (s) => {
      await s.facts.set("a", "before");
      await assert.rejects(
        s.transaction(async (inside) => {
          await inside.facts.set("a", "after");
          await addEnvoy(inside);
          throw new RangeError("on purpose");
        }),
        RangeError,
      );
      assert.equal(await s.facts.get("a"), "before");
      assert.deepEqual(await s.envoys.list(), []);
    },
  );

  promise("what runs beside a transaction sees all of it or nothing", async (s) => {
    await s.facts.set("a", "before");
    const { promise: halfway, resolve: reachHalfway } = Promise.withResolvers<void>();
    const writing = s.transaction(async (inside) => {
      await inside.facts.set("a", "after");
      reachHalfway();
      // Gives the reader and the writer below every chance to slip in.
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      await inside.facts.set("b", "after");
    });
    await halfway;
    const beside = s.facts.set("c", await s.facts.get("b") ?? "nothing");
    await Promise.all([writing, beside]);
    const [a, b, c] = await Promise.all(["a", "b", "c"].map((name) => s.facts.get(name)));
    assert.deepEqual([a, b, c], ["after", "after", "after"]);
  });

  promise("a transaction inside a transaction is refused", async (s) => {
    await assert.rejects(
      s.transaction((inside) => inside.transaction(() => Promise.resolve())),
      /Cannot nest/,
    );
  });

  promise("a sound store has no findings, says what it holds, and may be vacuumed", async (s) => {
    await addEnvoy(s);
    assert.deepEqual(await s.integrity(), []);
    const rows = async () => (await s.stats()).tables.find(({ name }) => name === "envoys")?.rows;
    assert.equal(await rows(), 1);
    assert.ok(await s.vacuum() >= 0);
    assert.equal(await rows(), 1);
    await assert.rejects(s.transaction((inside) => inside.vacuum()), /inside its transaction/);
  });
}
