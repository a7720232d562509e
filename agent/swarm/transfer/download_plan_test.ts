import assert from "node:assert/strict";
import { Bitmap } from "../../../shared/swarm/bitmap.ts";
import { DownloadPlan } from "./download_plan.ts";

const MIB = 1024 * 1024;
const ORIGIN = { uuid: "u-origin", hostname: "origin", address: "10.0.0.1", port: 1531 };

function plan(options: { count?: number; benched?: Set<string>; have?: Bitmap } = {}) {
  const { count = 200, benched = new Set<string>(), have = new Bitmap(count) } = options;
  return new DownloadPlan({
    have,
    chunkSizeBytes: MIB,
    firstChunk: 0,
    nowMs: 0,
    isBenched: (uuid) => benched.has(uuid),
  });
}

/** A plan that knows a peer which holds everything. */
function begun(options: Parameters<typeof plan>[0] = {}) {
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
  for (let written = 0; written < made.maxInFlight; written += 1) {
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

Deno.test("records and looks at the disk come due by count; sources add up", () => {
  const made = plan();
  const due = Array.from({ length: 100 }, () => made.noteStored("origin"));
  assert.equal(due.filter(({ saveRecord }) => saveRecord).length, 3);
  assert.deepEqual(due.map(({ checkDisk }) => checkDisk).indexOf(true), 99);
  assert.deepEqual(made.sources, { origin: 100 });
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
