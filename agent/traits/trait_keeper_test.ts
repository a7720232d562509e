import assert from "node:assert/strict";
import type { Collector } from "./collector.ts";
import { fakeSystem } from "./fake_system.ts";
import { allTraits, type FoundCollectors, TraitKeeper } from "./trait_keeper.ts";

function counting(name: string, kind: Collector["kind"], fails: () => boolean = () => false) {
  let times = 0;
  const collector: Collector = {
    name,
    kind,
    collect: () => fails() ? Promise.reject(new Error("no disk")) : Promise.resolve({ n: ++times }),
  };
  return { collector, times: () => times };
}

Deno.test("volatile traits are read every cycle, stable ones every third here", async () => {
  const stable = counting("os", "stable"), volatile = counting("memory", "volatile");
  const keeper = new TraitKeeper([stable.collector, volatile.collector], fakeSystem(), 3);
  for (let i = 0; i < 4; i++) await keeper.refresh();
  assert.equal(volatile.times(), 4);
  assert.equal(stable.times(), 2);
  assert.deepEqual(allTraits(await keeper.refresh({ fresh: true })), {
    os: { n: 3 },
    memory: { n: 5 },
  });
});

Deno.test("a stable collector that fails leaves its last value, is named, and is tried at every cycle", async () => {
  let broken = true;
  const os = counting("os", "stable", () => broken);
  const keeper = new TraitKeeper([os.collector], fakeSystem(), 10, { os: { n: "earlier" } });
  const first = await keeper.refresh();
  assert.deepEqual(first.stable, { os: { n: "earlier" } });
  assert.deepEqual(first.failed, [{ name: "os", reason: "no disk" }]);
  broken = false;
  const second = await keeper.refresh();
  assert.deepEqual(second.stable, { os: { n: 1 } });
  assert.deepEqual(second.failed, []);
});

Deno.test("a stable trait that is known to have changed is read with the next cycle, once", async () => {
  const os = counting("os", "stable"), other = counting("users", "stable");
  const keeper = new TraitKeeper([os.collector, other.collector], fakeSystem(), 10);
  await keeper.refresh();
  await keeper.refresh();
  assert.equal(os.times(), 1);
  keeper.readSoon("os");
  assert.deepEqual((await keeper.refresh()).stable["os"], { n: 2 });
  await keeper.refresh();
  assert.equal(os.times(), 2);
  assert.equal(other.times(), 1);
});

Deno.test("a volatile collector that fails is left out, never empty", async () => {
  const memory = counting("memory", "volatile", () => true);
  const snapshot = await new TraitKeeper([memory.collector], fakeSystem(), 10).refresh();
  assert.deepEqual(snapshot.volatile, {});
  assert.equal(snapshot.failed[0]?.name, "memory");
});

Deno.test("a sampled trait is read with the stable ones and stands among the volatile ones", async () => {
  let times = 0;
  const processes: Collector = {
    name: "processes",
    kind: "volatile",
    isSampled: true,
    collect: () => Promise.resolve(++times),
  };
  const keeper = new TraitKeeper([processes], fakeSystem(), 3);
  const seen = [];
  for (let i = 0; i < 4; i++) seen.push((await keeper.refresh()).volatile["processes"]);
  assert.deepEqual(seen, [1, 1, 1, 2]);
});

Deno.test("an operator's trait goes with its program, and stands while nobody can look", async () => {
  const builtIn = counting("os", "stable"), raid = counting("raid", "stable");
  let found: FoundCollectors = { collectors: [raid.collector] };
  const keeper = new TraitKeeper(
    [builtIn.collector],
    fakeSystem(),
    1,
    { raid: "of an earlier process", renamed: 1 },
    () => Promise.resolve(found),
  );
  assert.deepEqual((await keeper.refresh()).stable, { os: { n: 1 }, raid: { n: 1 } });
  found = { collectors: [], problem: { name: "traits.d", reason: "writable" } };
  const blind = await keeper.refresh();
  assert.deepEqual(blind.stable, { os: { n: 2 }, raid: { n: 1 } });
  assert.deepEqual(blind.failed, [{ name: "traits.d", reason: "writable" }]);
  found = { collectors: [] };
  assert.deepEqual((await keeper.refresh()).stable, { os: { n: 3 } });
});

Deno.test("traits that are too large together are left out and stay named until they are read again", async () => {
  const large: Collector = {
    name: "blob",
    kind: "stable",
    collect: () => Promise.resolve("x".repeat(2 ** 20)),
  };
  let broken = true;
  const os = counting("os", "stable", () => broken);
  let found = [large];
  const keeper = new TraitKeeper(
    [os.collector],
    fakeSystem(),
    10,
    {},
    () => Promise.resolve({ collectors: found }),
  );
  assert.deepEqual((await keeper.refresh()).failed.map(({ name }) => name), ["os", "blob"]);
  broken = false;
  const second = await keeper.refresh();
  assert.deepEqual(second.stable, { os: { n: 1 } });
  assert.deepEqual(second.failed.map(({ name }) => name), ["blob"]);
  found = [];
  assert.deepEqual((await keeper.refresh({ fresh: true })).failed, []);
});

Deno.test("volatile traits that are too large for a check-in are left out and named", async () => {
  const large: Collector = {
    name: "filesystem",
    kind: "volatile",
    collect: () => Promise.resolve("x".repeat(13 * 1024)),
  };
  const memory = counting("memory", "volatile");
  const snapshot = await new TraitKeeper([large, memory.collector], fakeSystem(), 10).refresh();
  assert.deepEqual(snapshot.volatile, { memory: { n: 1 } });
  assert.match(snapshot.failed[0]?.reason ?? "", /left out with its 13\d+ bytes/);
});
