import assert from "node:assert/strict";
import { eventually } from "../../tests/support/eventually.ts";
import { collectTraits } from "./collect_traits.ts";
import type { Collector } from "./collector.ts";
import { fakeSystem } from "./fake_system.ts";

const made = (name: string, collect: Collector["collect"]): Collector => ({
  name,
  kind: "stable",
  collect,
});

Deno.test("a collector that fails or is late is named and the others are kept", async () => {
  const { traits, failed } = await collectTraits(
    [
      made("good", () => Promise.resolve(1)),
      made("bad", () => Promise.reject(new Error("broken pipe"))),
      made("late", () => new Promise(() => {})),
    ],
    fakeSystem(),
    { timeoutMs: 1 },
  );
  assert.deepEqual(traits, { good: 1 });
  assert.deepEqual(failed, [
    { name: "bad", reason: "broken pipe" },
    { name: "late", reason: "no answer in 1 ms" },
  ]);
});

Deno.test("a collector that hangs is not started a second time, and works again once it has ended", async () => {
  const busy = new Set<string>();
  const { promise, resolve } = Promise.withResolvers<number>();
  let starts = 0;
  const hanging = made("nfs", () => {
    starts += 1;
    return promise;
  });
  const collect = () => collectTraits([hanging], fakeSystem(), { timeoutMs: 1, busy });
  assert.match((await collect()).failed[0]?.reason ?? "", /no answer/);
  assert.match((await collect()).failed[0]?.reason ?? "", /an earlier reading has not ended/);
  assert.equal(starts, 1);
  resolve(7);
  await eventually("the name is free", () => busy.size === 0);
  assert.deepEqual((await collect()).traits, { nfs: 7 });
});

Deno.test("a value that cannot travel fails its collector and not the check-in", async () => {
  const { traits, failed } = await collectTraits(
    [made("half", () => Promise.resolve("\ud800")), made("endless", () => Promise.resolve(1 / 0))],
    fakeSystem(),
  );
  assert.deepEqual(traits, {});
  assert.deepEqual(failed.map(({ name }) => name), ["half", "endless"]);
});

Deno.test("each collector is told as it ends", async () => {
  const done: string[] = [];
  await collectTraits(
    [made("a", () => Promise.resolve(1)), made("b", () => Promise.reject(new Error("no")))],
    fakeSystem(),
    { onDone: (name) => done.push(name) },
  );
  assert.deepEqual(done.sort(), ["a", "b"]);
});

Deno.test("a stop ends collectors that have not answered, and says so to them", async () => {
  const stop = new AbortController();
  let heard: AbortSignal | undefined;
  const slow = made("slow", (_system, signal) => {
    heard = signal;
    return new Promise(() => {});
  });
  const work = collectTraits([slow], fakeSystem(), {
    timeoutMs: 600_000,
    signal: stop.signal,
    stopGraceMs: 1,
  });
  stop.abort();
  assert.deepEqual((await work).failed, [{ name: "slow", reason: "it was stopped" }]);
  assert.equal(heard?.aborted, true);
});
