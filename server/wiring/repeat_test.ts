import assert from "node:assert/strict";
import { repeat } from "./repeat.ts";

Deno.test("work is repeated, also after a turn that failed", async () => {
  const failures: unknown[] = [];
  let turns = 0;
  const { promise: thrice, resolve } = Promise.withResolvers<void>();
  const repeating = repeat(
    1,
    () => {
      turns += 1;
      if (turns === 3) resolve();
      return turns === 1 ? Promise.reject(new RangeError("first")) : Promise.resolve();
    },
    (error) => failures.push(error),
  );
  await thrice;
  await repeating.stop();
  assert.deepEqual(failures.map(String), ["RangeError: first"]);
});

Deno.test("the end waits for the turn that runs, and no other begins beside it", async () => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let turns = 0, isDone = false;
  const repeating = repeat(1, async () => {
    turns += 1;
    begin();
    await gate;
    isDone = true;
  }, (error) => assert.fail(String(error)));
  await begun;
  const stopped = repeating.stop();
  open();
  await stopped;
  assert.deepEqual([turns, isDone], [1, true]);
});
