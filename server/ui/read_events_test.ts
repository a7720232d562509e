import assert from "node:assert/strict";
import { eventStream } from "../api/event_stream.ts";
import { readEvents } from "./read_events.ts";
import { writeHtmlEvent } from "./write_html_event.ts";

function bytes(...chunks: readonly string[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunks.map((chunk) => new TextEncoder().encode(chunk)));
}

Deno.test("events are read however they are cut, and heartbeats are none", async () => {
  const { signal } = new AbortController();
  const body = bytes("da", 'ta: {"a":1}\n', "\n:\n\nda", 'ta: "zwei\\n"\n\n', "data: half");
  assert.deepEqual(await Array.fromAsync(readEvents(body, signal)), [{ a: 1 }, "zwei\n"]);
});

Deno.test("whoever stops reading ends what is read, also while it waits", async () => {
  const scope = new AbortController();
  const ended = Promise.withResolvers<void>();
  const response = await eventStream((signal) => {
    async function* values() {
      try {
        yield 1;
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      } finally {
        ended.resolve();
      }
    }
    return Promise.resolve(values());
  });
  const events = readEvents(response.body ?? assert.fail(), scope.signal);
  assert.deepEqual(await events.next(), { done: false, value: 1 });
  const next = events.next();
  scope.abort();
  assert.equal((await next).done, true);
  await ended.promise;
});

Deno.test("HTML of several lines is one event", () => {
  assert.equal(writeHtmlEvent("<p>\na\r\nb</p>"), "data: <p>\ndata: a\ndata: b</p>\n\n");
});
