import assert from "node:assert/strict";
import fc from "fast-check";
import {
  CHECK_IN_BACKOFF,
  effectiveIntervalMs,
  mayApplyOffline,
  nextDelayMs,
  splayOf,
} from "./loop_plan.ts";

const random = fc.double({ min: 0, max: 0.999, noNaN: true });

Deno.test("an envoy keeps its place in the interval whatever the moment of the last check-in", () => {
  const state = { intervalMs: 60_000, splay: splayOf(crypto.randomUUID()), failures: 0 };
  fc.assert(fc.property(fc.nat(1e9), fc.nat(1e9), (a, b) => {
    const place = (now: number) => (now + nextDelayMs(state, now, 0)) % 60_000;
    assert.ok(Math.abs(place(a) - place(b)) <= 1);
  }));
});

Deno.test("the next check-in is never more than one interval away, even when the clock is before 1970", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1e12, max: 4e12 }),
      fc.integer({ min: 1_000, max: 86_400_000 }),
      random,
      (now, intervalMs, splay) => {
        const delay = nextDelayMs({ intervalMs, splay, failures: 0 }, now, 0);
        assert.ok(delay >= 1 && delay <= intervalMs, `${delay}`);
      },
    ),
  );
});

Deno.test("places of many envoys are spread over the interval", () => {
  const quarters = [0, 0, 0, 0];
  for (let i = 0; i < 400; i++) {
    const quarter = Math.floor(splayOf(`envoy-${i}`) * 4);
    quarters[quarter] = (quarters[quarter] ?? 0) + 1;
  }
  assert.ok(Math.min(...quarters) > 60, quarters.join());
});

Deno.test("failures make the pause grow to a bound, never to nothing", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 500 }), random, (failures, chance) => {
    const delay = nextDelayMs({ intervalMs: 60_000, splay: 0, failures }, 0, chance);
    assert.ok(delay >= CHECK_IN_BACKOFF.firstMs / 2 && delay <= CHECK_IN_BACKOFF.longestMs);
  }));
  const at = (failures: number) =>
    nextDelayMs({ intervalMs: 60_000, splay: 0, failures }, 0, 0.999);
  assert.ok(at(1) < at(2) && at(2) < at(5));
});

Deno.test("a server that is away makes no machine wait longer than its interval", () => {
  const interval = fc.integer({ min: 1_000, max: 86_400_000 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), interval, random, (failures, ms, chance) => {
      assert.ok(nextDelayMs({ intervalMs: ms, splay: 0, failures }, 0, chance) <= ms);
    }),
  );
});

Deno.test("the interval is the configured one, else the server's within bounds", () => {
  assert.equal(effectiveIntervalMs(5_000, 60_000), 5_000);
  assert.equal(effectiveIntervalMs(undefined, 1), 1_000);
  assert.equal(effectiveIntervalMs(undefined, 0), 60_000);
  assert.equal(effectiveIntervalMs(undefined, undefined), 60_000);
});

Deno.test("a cached bundle is applied until its age, for ever with age 0, never without an answer", () => {
  assert.equal(mayApplyOffline(1_000, 2_000, 1_000).ok, true);
  assert.equal(mayApplyOffline(1_000, 2_001, 1_000).ok, false);
  assert.equal(mayApplyOffline(1_000, 9e12, 0).ok, true);
  assert.equal(mayApplyOffline(undefined, 5, 0).ok, false);
  assert.equal(mayApplyOffline(5_000, 1_000, 10).ok, true);
});
