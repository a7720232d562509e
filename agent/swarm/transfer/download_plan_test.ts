import assert from "node:assert/strict";
import { Bitmap } from "../../../shared/swarm/bitmap.ts";
import { schedulerLimits } from "../../../shared/swarm/scheduler_limits.ts";
import { DownloadPlan, type KnownHolder } from "./download_plan.ts";

const MIB = 1024 * 1024;
const ORIGIN = { uuid: "u-origin", hostname: "origin", address: "10.0.0.1", port: 1531 };
const OTHER = { uuid: "u-other", hostname: "web-1", address: "10.0.0.2", port: 1531 };

interface PlanOptions {
  readonly count?: number;
  readonly benched?: Set<string>;
  readonly have?: Bitmap;
  readonly holder?: KnownHolder;
}

function plan(options: PlanOptions = {}) {
  const { count = 200, benched = new Set<string>(), have = new Bitmap(count) } = options;
  return new DownloadPlan({
    have,
    chunkSizeBytes: MIB,
    firstChunk: 0,
    nowMs: 0,
    isBenched: (uuid) => benched.has(uuid),
    holder: options.holder,
  });
}

/** A plan that knows a peer which holds everything. */
function begun(options: PlanOptions = {}) {
  const made = plan(options);
  made.step(() => [ORIGIN], 0);
  made.noteHeld(ORIGIN.uuid, Bitmap.full(options.count ?? 200), 0);
  made.noteAnswered(ORIGIN.uuid);
  return made;
}

Deno.test("a peer is asked what it holds before it is asked for chunks", () => {
  const made = plan();
  const first = made.step(() => [ORIGIN], 0);
  assert.deepEqual(first.questions.map(({ uuid }) => uuid), [ORIGIN.uuid]);
  assert.deepEqual(first.requests, []);
  made.noteHeld(ORIGIN.uuid, Bitmap.full(200), 10);
  const [request] = made.step(() => [ORIGIN], 10).requests;
  assert.deepEqual(request?.endpoint, { address: "10.0.0.1", port: 1531 });
});

Deno.test("of a benched peer nothing is asked, and what it holds is not believed", () => {
  const benched = new Set<string>();
  const made = begun({ benched });
  benched.add(ORIGIN.uuid);
  const { requests, questions } = made.step(() => [ORIGIN], 40_000);
  assert.deepEqual([requests, questions], [[], []]);
  made.noteHeld(ORIGIN.uuid, Bitmap.full(200), 5);
  assert.deepEqual(made.step(() => [], 6).requests, []);
});

Deno.test("while too many chunks wait for the disk no more are asked for", () => {
  const made = begun();
  let nowMs = 0;
  for (let written = 0; written < schedulerLimits(MIB).maxInFlight; written += 1) {
    const [request] = made.step(() => [ORIGIN], ++nowMs).requests;
    const id = request?.id ?? written + 1;
    assert.equal(made.finish(id, { kind: "verified", elapsedMs: 1 }, nowMs), true);
  }
  assert.deepEqual(made.step(() => [ORIGIN], ++nowMs).requests, []);
  made.noteStored("origin");
  assert.notEqual(made.step(() => [ORIGIN], ++nowMs).requests.length, 0);
});

Deno.test("a chunk that could not be written is wanted again", () => {
  const have = Bitmap.full(3);
  have.clear(1);
  const made = begun({ count: 3, have });
  const [request] = made.step(() => [ORIGIN], 1).requests;
  made.finish(request?.id ?? 0, { kind: "verified", elapsedMs: 1 }, 2);
  assert.equal(made.state(2), "complete");
  made.noteUnwritten(1);
  assert.equal(made.state(2), "running");
});

Deno.test("a look at the disk comes due by count; sources add up", () => {
  const made = plan();
  const due = Array.from({ length: 100 }, () => made.noteStored("origin"));
  assert.equal(due.indexOf(true), 99);
  assert.deepEqual(made.sources, { origin: 100 });
});

Deno.test("of a small blob whose giver of digests has all chunks nobody else is asked for a second", () => {
  const holder = { peer: ORIGIN, chunks: Bitmap.full(2) };
  const made = plan({ count: 2, holder });
  const { requests, questions } = made.step(() => [ORIGIN, OTHER], 1);
  assert.equal(requests.length, 2);
  assert.deepEqual(questions, []);
  assert.notDeepEqual(made.step(() => [ORIGIN, OTHER], 1001).questions, []);
});

Deno.test("whoever gave the digests of a large blob is asked for chunks at once, and the others what they hold", () => {
  const holder = { peer: ORIGIN, chunks: Bitmap.full(20) };
  const made = plan({ count: 20, holder });
  const { requests, questions } = made.step(() => [ORIGIN, OTHER], 1);
  assert.notEqual(requests.length, 0);
  assert.deepEqual(questions.map(({ uuid }) => uuid), [OTHER.uuid]);
});

Deno.test("what was there already is told as cached", () => {
  assert.deepEqual(plan({ have: Bitmap.full(7), count: 7 }).sources, { cached: 7 });
});

Deno.test("who may be asked is thought over after a second, not at every step", () => {
  const made = begun();
  let looks = 0;
  const candidates = () => {
    looks += 1;
    return [ORIGIN];
  };
  for (let nowMs = 1; nowMs < 1000; nowMs += 10) made.step(candidates, nowMs);
  assert.equal(looks, 0);
  made.step(candidates, 1000);
  assert.equal(looks, 1);
  made.hasten("u-new", 1050);
  made.step(candidates, 1050);
  assert.equal(looks, 1);
  made.step(candidates, 1100);
  assert.equal(looks, 2, "a newcomer does not wait for a second");
});
