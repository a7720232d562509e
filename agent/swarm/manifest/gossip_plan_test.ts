import assert from "node:assert/strict";
import { GossipPlan } from "./gossip_plan.ts";

const PEERS = Array.from({ length: 100 }, (_, index) => `peer-${index}`);

Deno.test("a round compares with three peers, and news go to at most sixty-four", () => {
  const plan = new GossipPlan(Math.random);
  assert.equal(new Set(plan.round(PEERS)).size, 3);
  assert.equal(new Set(plan.pushTargets(PEERS)).size, 64);
  assert.deepEqual(plan.round(["only"]), ["only"]);
});

Deno.test("a peer is asked once at a time, and not again for a moment however much it announces", () => {
  const plan = new GossipPlan(Math.random);
  assert.equal(plan.maySync("a", 0), true);
  assert.equal(plan.begin("a", 0), "");
  assert.equal(plan.begin("a", 1_000), undefined);
  assert.equal(plan.maySync("a", 1_000), false);
  plan.end("a", true);
  assert.equal(plan.maySync("a", 299), false);
  assert.equal(plan.maySync("a", 300), true);
});

Deno.test("who is asked in vain again and again is asked ever less often, until it has news", () => {
  const plan = new GossipPlan(Math.random);
  let nowMs = 0;
  const gaps = Array.from({ length: 7 }, () => {
    const askedMs = nowMs;
    plan.begin("a", askedMs);
    plan.end("a", false);
    while (!plan.maySync("a", nowMs)) nowMs += 100;
    return nowMs - askedMs;
  });
  assert.deepEqual(gaps, [600, 1_200, 2_400, 4_800, 9_600, 10_000, 10_000]);
  assert.equal(plan.maySync("b", nowMs), true);
  plan.begin("a", nowMs);
  plan.end("a", true);
  assert.equal(plan.maySync("a", nowMs + 300), true);
});

Deno.test("reading goes on where it ended", () => {
  const plan = new GossipPlan(Math.random);
  plan.noteCursor("a", "i1:17");
  assert.equal(plan.begin("a", 0), "i1:17");
});
