import assert from "node:assert/strict";
import { DISK_RESERVE_BYTES, judgeDisk } from "./disk_gate.ts";

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
