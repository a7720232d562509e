import assert from "node:assert/strict";
import { DISK_RESERVE_BYTES, judgeDisk, roomFor } from "./disk_gate.ts";

const SPACE = { freeBytes: DISK_RESERVE_BYTES + 1000, freePercent: 50 };
const NEED = { neededBytes: 1000, promisedBytes: 0, minFreePercent: 10 };

Deno.test("a blob that just fits beside the reserve may be fetched", () => {
  assert.deepEqual(judgeDisk(SPACE, NEED), { ok: true });
});

Deno.test("what other downloads have still to write counts as taken", () => {
  assert.deepEqual(judgeDisk(SPACE, { ...NEED, promisedBytes: 1 }), {
    ok: false,
    reason: "insufficient disk space",
  });
});

Deno.test("at ten percent free nothing is fetched, just above it is", () => {
  const at = (freePercent: number) => judgeDisk({ ...SPACE, freePercent }, NEED);
  assert.deepEqual(at(10), { ok: false, reason: "disk pressure" });
  assert.deepEqual(at(10.01), { ok: true });
});

Deno.test("a download under way needs only what is left of it, and the others keep their promise", () => {
  const underWay = [{ sha256: "a", leftBytes: 10 }, { sha256: "b", leftBytes: 20 }];
  const rest = roomFor({ sha256: "a", sizeBytes: 100 }, underWay);
  assert.deepEqual(rest, { neededBytes: 10, promisedBytes: 20 });
  const fresh = roomFor({ sha256: "c", sizeBytes: 100 }, underWay);
  assert.deepEqual(fresh, { neededBytes: 100, promisedBytes: 30 });
});
