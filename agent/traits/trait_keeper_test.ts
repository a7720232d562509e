import assert from "node:assert/strict";
import type { Collector } from "./collector.ts";
import { fakeSystem } from "./fake_system.ts";
import { allTraits, TraitKeeper } from "./trait_keeper.ts";

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

Deno.test("a volatile collector that fails is left out, never empty", async () => {
  const memory = counting("memory", "volatile", () => true);
  const snapshot = await new TraitKeeper([memory.collector], fakeSystem(), 10).refresh();
  assert.deepEqual(snapshot.volatile, {});
  assert.equal(snapshot.failed[0]?.name, "memory");
});
