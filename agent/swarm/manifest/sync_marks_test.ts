import assert from "node:assert/strict";
import fc from "fast-check";
import { REVOKED_HORIZON_MS } from "../../../shared/swarm/manifest.ts";
import { SyncTracker } from "./sync_marks.ts";

const NOW = 1_800_000_000_000;
const DAY_MS = 86_400_000;

Deno.test("an envoy is quiet exactly if it heard nobody for longer than revocations are remembered", () => {
  const tracker = new SyncTracker({ syncedMs: NOW, serverMs: NOW }, NOW);
  assert.equal(tracker.quietReason(NOW + REVOKED_HORIZON_MS), undefined);
  assert.match(
    tracker.quietReason(NOW + REVOKED_HORIZON_MS + DAY_MS) ?? "",
    /^away for 8 days, longer than revocations are remembered$/,
  );
});

Deno.test("peers keep an envoy awake while the server is away, and cannot wake a quiet one", () => {
  const tracker = new SyncTracker({ syncedMs: NOW, serverMs: NOW }, NOW);
  tracker.notePeer(NOW + 6 * DAY_MS);
  assert.equal(tracker.quietReason(NOW + 12 * DAY_MS), undefined);
  tracker.notePeer(NOW + 20 * DAY_MS);
  assert.notEqual(tracker.quietReason(NOW + 20 * DAY_MS), undefined);
});

Deno.test("an answer of the server does not wake a quiet envoy; its whole manifest does", () => {
  const tracker = new SyncTracker({ syncedMs: NOW, serverMs: NOW }, NOW);
  const later = NOW + 8 * DAY_MS;
  tracker.noteServer(later);
  assert.notEqual(tracker.quietReason(later), undefined);
  tracker.noteRebased(later);
  assert.equal(tracker.quietReason(later), undefined);
  assert.equal(tracker.wantsRoster(later), false);
});

Deno.test("a group that was cut off as a whole goes on, and asks for the whole manifest when the server is back", () => {
  const tracker = new SyncTracker({ syncedMs: NOW, serverMs: NOW - 8 * DAY_MS }, NOW);
  assert.equal(tracker.quietReason(NOW), undefined);
  assert.equal(tracker.wantsRoster(NOW), true);
  tracker.noteServer(NOW);
  assert.equal(tracker.wantsRoster(NOW), true);
});

Deno.test("an envoy without a manifest is not quiet; one whose manifest tells no age is", () => {
  assert.equal(new SyncTracker(undefined, NOW).quietReason(NOW), undefined);
  assert.equal(new SyncTracker(undefined, NOW).wantsRoster(NOW), true);
  assert.match(new SyncTracker({}, NOW).quietReason(NOW) ?? "", /^nothing tells/);
});

Deno.test("a clock that runs behind the last comparison keeps an envoy quiet only until it is right", () => {
  const tracker = new SyncTracker({ syncedMs: NOW, serverMs: NOW }, 0);
  assert.match(tracker.quietReason(0) ?? "", /^the clock is \d+ h behind/);
  tracker.notePeer(0);
  assert.equal(tracker.quietReason(NOW + 60_000), undefined);
});

Deno.test("whatever the clock did, an envoy whose clock is right again and who was not away is not quiet", () => {
  const wrongClock = fc.integer({ min: 0, max: 2 * NOW }).filter((ms) =>
    ms < NOW - DAY_MS || ms > NOW + REVOKED_HORIZON_MS
  );
  fc.assert(fc.property(fc.array(wrongClock), (clocks) => {
    const tracker = new SyncTracker({ syncedMs: NOW, serverMs: NOW }, NOW);
    for (const nowMs of clocks) {
      tracker.notePeer(nowMs);
      tracker.noteServer(nowMs);
    }
    assert.equal(tracker.quietReason(NOW + DAY_MS), undefined);
  }));
});
