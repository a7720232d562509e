import assert from "node:assert/strict";
import { MAX_SLOWEST, SlowestChunks } from "./slowest_chunks.ts";

Deno.test("the slowest chunks stay, however many there are, the slowest first", () => {
  const slowest = new SlowestChunks();
  for (let chunk = 0; chunk < 1_000; chunk += 1) {
    slowest.note(chunk, `web-${chunk % 3}`, (chunk * 7919) % 1_000 + 0.4);
  }
  const list = slowest.list();
  assert.deepEqual(
    list.map(({ ms }) => ms),
    Array.from({ length: MAX_SLOWEST }, (_, at) => 999 - at),
  );
  assert.ok(
    list.every(({ chunk, ms, source }) =>
      (chunk * 7919) % 1_000 === ms && source === `web-${chunk % 3}`
    ),
  );
});

Deno.test("a later attempt goes on with what an earlier one remembered", () => {
  const former = new SlowestChunks();
  former.note(0, "hub", 10);
  const slowest = new SlowestChunks(former.list());
  slowest.note(1, "server", 30);
  assert.deepEqual(slowest.list(), [
    { chunk: 1, source: "server", ms: 30 },
    { chunk: 0, source: "hub", ms: 10 },
  ]);
});
