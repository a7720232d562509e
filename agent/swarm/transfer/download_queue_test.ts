import assert from "node:assert/strict";
import { sha256Hex } from "../../../shared/crypto/sha256.ts";
import { MAX_JITTER_MS } from "../../../shared/swarm/download_jitter.ts";
import { manifestEntry } from "../../../shared/swarm/manifest_entry_fixture.ts";
import {
  DownloadQueue,
  LARGE_BYTES,
  MAX_LARGE,
  MAX_SMALL,
  MAX_SMALL_BYTES,
} from "./download_queue.ts";

const LATE_MS = MAX_JITTER_MS;

function blobs(count: number, sizeBytes: number, name = "blob") {
  return Array.from({ length: count }, (_, index) => {
    const label = `${name}-${index}`;
    return manifestEntry({ sha256: sha256Hex(new TextEncoder().encode(label)), sizeBytes, label });
  });
}

function queueOf(...wanted: ReturnType<typeof blobs>[]): DownloadQueue {
  const queue = new DownloadQueue("web-1");
  queue.setWanted(wanted.flat(), 0);
  return queue;
}

Deno.test("of each kind no more are under way than it has places, the first of the list first", () => {
  const large = blobs(MAX_LARGE + 2, LARGE_BYTES, "large");
  const small = blobs(MAX_SMALL + 2, 1, "small");
  const queue = queueOf(large, small);
  const begun = queue.take(LATE_MS, []);
  assert.deepEqual(begun, [...large.slice(0, MAX_LARGE), ...small.slice(0, MAX_SMALL)]);
  assert.deepEqual(queue.take(LATE_MS, begun), []);
  const [ended, ...underWay] = begun;
  assert.equal(ended, large[0]);
  assert.deepEqual(queue.take(LATE_MS, underWay), [large[MAX_LARGE]]);
});

Deno.test("small blobs begin while large ones have taken all their places, and the other way round", () => {
  const large = blobs(MAX_LARGE, LARGE_BYTES, "large");
  const small = blobs(MAX_SMALL, 1, "small");
  assert.deepEqual(queueOf(small).take(LATE_MS, large), small);
  assert.deepEqual(queueOf(large).take(LATE_MS, small), large);
});

Deno.test("small blobs are bounded by their bytes, and none is passed for ever by smaller ones", () => {
  const sizeBytes = LARGE_BYTES - 1;
  const fit = Math.floor(MAX_SMALL_BYTES / sizeBytes);
  const bulky = blobs(fit + 1, sizeBytes, "bulky");
  const tiny = blobs(3, 1, "tiny");
  const queue = queueOf(bulky, tiny);
  const begun = queue.take(LATE_MS, []);
  assert.deepEqual(begun, bulky.slice(0, fit));
  assert.deepEqual(queue.take(LATE_MS, begun.slice(1)), [bulky[fit], ...tiny]);
});

Deno.test("each blob waits for its moment, without a place, and no longer because others are wanted too", () => {
  const [one, other] = blobs(2, 1);
  assert.ok(one && other);
  const queue = new DownloadQueue("web-1");
  queue.setWanted([one], 0);
  const dueMs = queue.dueMs(-1);
  assert.ok(dueMs >= 0 && dueMs < MAX_JITTER_MS);
  assert.deepEqual(queue.take(dueMs - 1, []), []);
  assert.ok(queue.has(one.sha256));
  queue.setWanted([one, other], dueMs);
  assert.ok(queue.take(dueMs, []).includes(one));
  assert.equal(queue.has(one.sha256), false);
  assert.equal(queue.dueMs(LATE_MS * 2), Infinity);
});

Deno.test("what is not wanted any more is dropped, and its place goes to the next", () => {
  const small = blobs(MAX_SMALL + 1, 1);
  const queue = queueOf(small);
  const begun = queue.take(LATE_MS, [], (entry) => entry !== small[0]);
  assert.deepEqual(begun, small.slice(1));
  queue.setWanted([], LATE_MS);
  assert.deepEqual(queue.take(LATE_MS, []), []);
});
