import assert from "node:assert/strict";
import { StorageAnswers } from "./storage_answer.ts";

const MIB = 1024 * 1024;

function answersFrom(spaces: readonly number[]) {
  const clock = { nowMs: 0 };
  let reads = 0;
  const answers = new StorageAnswers("/swarm", () => clock.nowMs, () => {
    const freeBytes = spaces[reads] ?? 0;
    reads += 1;
    return Promise.resolve({ freeBytes, freePercent: 50 });
  });
  return { answers, clock };
}

Deno.test("the disk is asked once a minute", async () => {
  const { answers, clock } = answersFrom([1000, 2000]);
  assert.equal((await answers.answer("payload"))?.free_bytes, 1000);
  clock.nowMs = 60_000;
  assert.equal((await answers.answer("filecast"))?.free_bytes, 1000);
  clock.nowMs = 60_001;
  assert.equal((await answers.answer("payload"))?.free_bytes, 2000);
});

Deno.test("a purpose that nobody has is unknown", async () => {
  assert.equal(await answersFrom([1000]).answers.answer("../etc"), undefined);
});

Deno.test("news are not taken onto a disk that is nearly full", async () => {
  assert.equal(await answersFrom([32 * MIB]).answers.hasRoomForPush(), true);
  assert.equal(await answersFrom([32 * MIB - 1]).answers.hasRoomForPush(), false);
});
