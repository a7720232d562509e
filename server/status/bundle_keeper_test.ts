import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { MemoryStore } from "../store/memory_store.ts";
import type { BundleRepository } from "../store/store.ts";
import { BundleKeeper } from "./bundle_keeper.ts";

const bundle = (root: string) => ({ root, policyVersion: "v1", resources: [] });

function open() {
  const clock = { nowMs: 1_000 };
  const store = new MemoryStore();
  const written: string[][] = [];
  const fault: { error: Error | undefined } = { error: undefined };
  const bundles: BundleRepository = {
    ...store.bundles,
    saveAll: async (batch, atMs) => {
      if (fault.error) throw fault.error;
      written.push(batch.map(({ root }) => root));
      await store.bundles.saveAll(batch, atMs);
    },
  };
  const keeper = new BundleKeeper({ bundles }, getLogger("test"), () => clock.nowMs);
  return { keeper, clock, written, fault, store };
}

Deno.test("a root that many envoys have is written once, and again when its use must be known", async () => {
  const { keeper, clock, written } = open();
  keeper.note(bundle("aa"));
  keeper.note(bundle("aa"));
  keeper.note(bundle("bb"));
  await keeper.flush();
  keeper.note(bundle("aa"));
  await keeper.flush();
  assert.deepEqual(written, [["aa", "bb"]]);
  clock.nowMs += 3_600_000;
  keeper.note(bundle("aa"));
  await keeper.stop();
  assert.deepEqual(written, [["aa", "bb"], ["aa"]]);
});

Deno.test("a bundle can be read before it is written, and one that cannot be written waits", async () => {
  const { keeper, written, fault, store } = open();
  fault.error = new RangeError("disk full");
  keeper.note(bundle("aa"));
  await assert.rejects(keeper.flush(), RangeError);
  assert.equal((await keeper.find("aa"))?.root, "aa");
  assert.equal(await store.bundles.find("aa"), undefined);
  fault.error = undefined;
  await keeper.stop();
  assert.deepEqual(written, [["aa"]]);
  assert.equal((await keeper.find("aa"))?.root, "aa");
});

Deno.test("very many bundles are written in several transactions", async () => {
  const { keeper, written } = open();
  for (let n = 0; n < 120; n += 1) keeper.note(bundle(String(n)));
  await keeper.stop();
  assert.deepEqual(written.map((batch) => batch.length), [50, 50, 20]);
});
