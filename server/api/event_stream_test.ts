import assert from "node:assert/strict";
import { eventStream } from "./event_stream.ts";

Deno.test("values go out as events, one line of JSON each, and the stream ends with them", async () => {
  async function* values() {
    yield { text: "two\nlines" };
    yield 2;
  }
  const response = await eventStream(() => Promise.resolve(values()));
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.equal(await response.text(), 'data: {"text":"two\\nlines"}\n\ndata: 2\n\n');
});

Deno.test("a reader that hangs up ends what feeds it, be it waiting or not", async () => {
  for (const isWaiting of [false, true]) {
    let isEnded = false;
    const waits = Promise.withResolvers<void>();
    const response = await eventStream((signal) => {
      async function* values() {
        try {
          yield 1;
          waits.resolve();
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        } finally {
          isEnded = true;
        }
      }
      return Promise.resolve(values());
    });
    const reader = response.body?.getReader() ?? assert.fail();
    await reader.read();
    if (isWaiting) await waits.promise;
    await reader.cancel();
    assert.ok(isEnded);
  }
});

Deno.test("a refusal before the first value is the caller's to answer", async () => {
  await assert.rejects(
    eventStream(() => Promise.reject(new Error("no such task"))),
    /no such task/,
  );
});
