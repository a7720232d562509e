import assert from "node:assert/strict";
import fc from "fast-check";
import { StreamBacklog } from "./stream_backlog.ts";

/** A stream whose other end reads when told. */
function setUp(maxBytes: number) {
  const waiting: { bytes: Uint8Array; written: () => void }[] = [];
  const backlog = new StreamBacklog(
    (bytes, written) => void waiting.push({ bytes, written }),
    maxBytes,
  );
  const waitingBytes = () => waiting.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return { backlog, waiting, waitingBytes, read: () => waiting.shift()?.written() };
}

Deno.test("bytes that wait for a slow reader are bounded, however many messages they are", () => {
  const { backlog, waiting, read } = setUp(10);
  for (let index = 0; index < 5; index += 1) backlog.send(new Uint8Array(4));
  assert.equal(waiting.length, 2);
  read();
  backlog.send(new Uint8Array(6));
  assert.equal(waiting.length, 2);
  backlog.send(new Uint8Array(1));
  assert.equal(waiting.length, 2);
});

Deno.test("one message past the limit is sent where nothing waits", () => {
  const { backlog, waiting } = setUp(10);
  backlog.send(new Uint8Array(11));
  backlog.send(new Uint8Array(1));
  assert.equal(waiting.length, 1);
});

Deno.test("whatever is sent and read, no more than the limit or one message waits", () => {
  const step = fc.oneof(fc.constant("read" as const), fc.nat({ max: 20 }));
  fc.assert(fc.property(fc.array(step), (steps) => {
    const { backlog, waiting, waitingBytes, read } = setUp(16);
    for (const next of steps) {
      if (next === "read") read();
      else backlog.send(new Uint8Array(next));
      assert.ok(
        waitingBytes() <= 16 || waiting.filter(({ bytes }) => bytes.length > 0).length === 1,
      );
    }
    while (waiting.length > 0) read();
    backlog.send(new Uint8Array(16));
    assert.equal(waiting.length, 1);
  }));
});
