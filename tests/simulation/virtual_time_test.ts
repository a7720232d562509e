import assert from "node:assert/strict";
import fc from "fast-check";
import { VirtualTime } from "./virtual_time.ts";

Deno.test("events happen by time, and those of one moment in the order in which they were scheduled", () => {
  const delays = fc.array(fc.record({ delayMs: fc.nat(9), again: fc.option(fc.nat(3)) }));
  fc.assert(fc.property(delays, (plans) => {
    const time = new VirtualTime(1_000);
    const expected: { atMs: number; order: number }[] = [];
    const happened: typeof expected = [];
    const plan = (delayMs: number, then: () => void) => {
      const event = { atMs: time.nowMs + delayMs, order: expected.length };
      expected.push(event);
      time.after(delayMs, () => {
        assert.equal(time.nowMs, event.atMs);
        happened.push(event);
        then();
      });
    };
    for (const { delayMs, again } of plans) {
      plan(delayMs, () => {
        if (again !== null) plan(again, () => {});
      });
    }
    while (time.step(Infinity)) assert.ok(happened.length > 0);
    assert.deepEqual(happened, expected.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order));
    assert.equal(time.happened, happened.length);
  }));
});

Deno.test("what is called off does not happen, and time stands where it was told to stop", () => {
  const time = new VirtualTime(0);
  const never = () => assert.fail("it was called off");
  time.after(0, never).isCancelled = true;
  time.after(5, never).isCancelled = true;
  time.after(20, () => {});
  assert.equal(time.step(10), false);
  assert.equal(time.nowMs, 10);
  assert.equal(time.step(20), true);
});
