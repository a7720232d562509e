import assert from "node:assert/strict";
import { BenchList } from "./bench_list.ts";

const TEN_MINUTES_MS = 600_000;

Deno.test("a peer that sent wrong bytes is left alone for ten minutes and then asked again", () => {
  const benches = new BenchList();
  benches.bench("liar", 1000);
  assert.equal(benches.has("liar", 1000), true);
  assert.equal(benches.has("liar", 1000 + TEN_MINUTES_MS - 1), true);
  assert.equal(benches.has("liar", 1000 + TEN_MINUTES_MS), false);
  assert.equal(benches.has("honest", 1000), false);
});

Deno.test("a second wrong chunk begins the ten minutes anew", () => {
  const benches = new BenchList();
  benches.bench("liar", 0);
  benches.bench("liar", 1000);
  assert.equal(benches.has("liar", TEN_MINUTES_MS), true);
});

Deno.test("a thousand liars are remembered, no more", () => {
  const benches = new BenchList();
  for (let index = 0; index <= 1000; index += 1) benches.bench(`liar-${index}`, 0);
  assert.equal(benches.has("liar-0", 1), false);
  assert.equal(benches.has("liar-1", 1), true);
});
