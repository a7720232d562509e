import assert from "node:assert/strict";
import { EventStreamError, readEventStream } from "./event_stream.ts";

/** A stream of these pieces, which then ends, breaks, or says no more. */
function streamOf(pieces: readonly string[], then: "end" | "break" | "silence" = "end") {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(encoder.encode(piece));
      if (then === "end") controller.close();
      if (then === "break") controller.error(new TypeError("connection reset"));
    },
  });
}

const never = new AbortController().signal;

function readAll(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string[]> {
  return Array.fromAsync(readEventStream(body, never));
}

Deno.test("events come whole, however the stream is cut, and heartbeats are none", async () => {
  const text = 'data: {"a":"ö"}\n\n:\n\ndata:b\r\n\r\nevent: x\ndata: c\ndata: d\n\n';
  for (const size of [1, 3, text.length]) {
    const pieces = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
    assert.deepEqual(await readAll(streamOf(pieces)), ['{"a":"ö"}', "b", "c\nd"]);
  }
});

Deno.test("what is not ended by an empty line is no event", async () => {
  assert.deepEqual(await readAll(streamOf(["data: a\n\ndata: b\n"])), ["a"]);
});

Deno.test("a stream that breaks off, falls silent or has no end is an error", async () => {
  await assert.rejects(readAll(streamOf(["data: a\n\n"], "break")), EventStreamError);
  await assert.rejects(
    Array.fromAsync(readEventStream(streamOf(["data: a\n\n"], "silence"), never, 10)),
    /the server fell silent/,
  );
  const endless = Array.from({ length: 5 }, () => "x".repeat(1024 * 1024));
  await assert.rejects(readAll(streamOf(endless)), /an event has no end/);
});

Deno.test("an interrupt ends the wait at once, also where the stream does not notice", async () => {
  const stop = new AbortController();
  const events: string[] = [];
  for await (const event of readEventStream(streamOf(["data: a\n\n"], "silence"), stop.signal)) {
    events.push(event);
    stop.abort();
  }
  assert.deepEqual(events, ["a"]);
});
