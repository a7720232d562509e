import assert from "node:assert/strict";
import { MemoryStore } from "../store/memory_store.ts";
import { MinuteRecorder } from "./minute_recorder.ts";

function open() {
  const clock = { nowMs: 30_000 };
  const world = { checkIns: 5, online: 1 };
  const { minutes } = new MemoryStore();
  const recorder = new MinuteRecorder({
    minutes,
    now: () => clock.nowMs,
    checkIns: () => world.checkIns,
    fleet: () => ({
      total: 3,
      online: world.online,
      Converged: 1,
      Degraded: 0,
      Failed: 0,
      NoData: 2,
    }),
  });
  const rows = async () =>
    (await minutes.list(0, 10)).map((row) => [row.minuteMs, row.checkIns, row.runs, row.online]);
  return { clock, world, recorder, rows, minutes };
}

Deno.test("a minute is written when the next has begun, with what happened in it and not before", async () => {
  const { clock, world, recorder, rows, minutes } = open();
  world.checkIns = 7;
  recorder.noteRun();
  recorder.noteBytes({ origin: 1, peer: 2, server: 0 });
  recorder.noteBytes({ origin: 1, peer: 0, server: 4 });
  await recorder.tick();
  assert.deepEqual(await rows(), []);
  clock.nowMs = 61_000;
  await recorder.tick();
  await recorder.tick();
  assert.deepEqual(await rows(), [[0, 2, 1, 1]]);
  const [row] = await minutes.list(0, 1);
  assert.deepEqual([row?.originBytes, row?.peerBytes, row?.serverBytes, row?.noData], [2, 2, 4, 2]);
  clock.nowMs = 200_000;
  await recorder.tick();
  assert.deepEqual(await rows(), [[0, 2, 1, 1], [60_000, 0, 0, 1]]);
});

Deno.test("a minute that a stop cuts in two has the sum of both halves", async () => {
  const first = open();
  first.recorder.noteRun();
  await first.recorder.flush();
  first.recorder.noteRun();
  first.world.online = 2;
  await first.recorder.flush();
  assert.deepEqual(await first.rows(), [[0, 0, 2, 2]]);
});
