import assert from "node:assert/strict";
import { endWhenRefused } from "./end_when_refused.ts";

/** A stream that says something, and then waits until somebody cancels it. */
function openStream() {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
    cancel: () => resolve(),
  });
  return {
    response: new Response(body, { headers: { "content-type": "text/event-stream" } }),
    cancelled,
  };
}

Deno.test("a stream ends when its reader may no longer, and its source hears of it", async () => {
  const { response, cancelled } = openStream();
  const asked: boolean[] = [];
  const guarded = endWhenRefused(response, () => {
    asked.push(asked.length < 2);
    return Promise.resolve(asked.at(-1) ?? false);
  }, 1);
  assert.equal(guarded.headers.get("content-type"), "text/event-stream");
  assert.equal(await guarded.text(), "data: 1\n\n");
  await cancelled;
  assert.deepEqual(asked, [true, true, false]);
});

Deno.test("who cannot be looked up any more is refused too", async () => {
  const { response, cancelled } = openStream();
  const away = () => Promise.reject(new Error("the database is away"));
  assert.equal(await endWhenRefused(response, away, 1).text(), "data: 1\n\n");
  await cancelled;
});

Deno.test("a reader that leaves ends the source, and nobody asks any more", async () => {
  const { response, cancelled } = openStream();
  const guarded = endWhenRefused(response, () => Promise.resolve(true), 60_000);
  await guarded.body?.cancel();
  await cancelled;
});

Deno.test("a stream that ends or fails by itself does so for its reader", async () => {
  const admitted = () => Promise.resolve(true);
  assert.equal(await endWhenRefused(new Response("all"), admitted).text(), "all");
  const failing = new Response(
    new ReadableStream({ start: (controller) => controller.error(new Error("on purpose")) }),
  );
  await assert.rejects(endWhenRefused(failing, admitted).text(), /on purpose/);
  assert.equal(await endWhenRefused(new Response(null, { status: 204 }), admitted).text(), "");
});
