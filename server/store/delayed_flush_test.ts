import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { eventually } from "../../tests/support/eventually.ts";
import { DelayedFlush } from "./delayed_flush.ts";

function makeFlush(delayMs: number, write: () => Promise<void>): DelayedFlush {
  return new DelayedFlush({ what: "tests", delayMs, write, logger: getLogger("test") });
}

Deno.test("what comes while something waits is written with it", async () => {
  let writes = 0;
  const flush = makeFlush(1, () => {
    writes += 1;
    return Promise.resolve();
  });
  flush.schedule();
  flush.schedule();
  await eventually("it is written", () => writes > 0);
  assert.equal(writes, 1);
  await flush.stop();
});

Deno.test("one flush follows another, also one that failed, and the last comes with the stop", async () => {
  const order: string[] = [];
  const flush = makeFlush(60_000, async () => {
    const name = `flush ${order.length / 2}`;
    order.push(`${name} begins`);
    await Promise.resolve();
    order.push(`${name} ends`);
    if (order.length === 2) throw new Error("full");
  });
  flush.schedule();
  const [first, second] = await Promise.allSettled([flush.flush(), flush.flush()]);
  assert.deepEqual([first?.status, second?.status], ["rejected", "fulfilled"]);
  await flush.stop();
  assert.deepEqual(order, [0, 1, 2].flatMap((n) => [`flush ${n} begins`, `flush ${n} ends`]));
});

Deno.test("after the stop nothing is put off any more", async () => {
  const writes = { stopped: 0, later: 0 };
  const counted = (name: keyof typeof writes) => () => {
    writes[name] += 1;
    return Promise.resolve();
  };
  const stopped = makeFlush(1, counted("stopped"));
  await stopped.stop();
  stopped.schedule();
  // Its timer would have fired before one of the same length that is set after it.
  const later = makeFlush(1, counted("later"));
  later.schedule();
  await eventually("the later one writes", () => writes.later > 0);
  assert.equal(writes.stopped, 1);
  await later.stop();
});
