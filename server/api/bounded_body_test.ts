import assert from "node:assert/strict";
import { ApiError } from "./api_error.ts";
import { readJsonBody } from "./bounded_body.ts";

function request(body: ReadableStream<Uint8Array<ArrayBuffer>> | string | null): Request {
  return new Request("https://server/", {
    method: "POST",
    body,
    headers: { "content-type": "application/json; charset=utf-8" },
  });
}

function isStatus(status: number): (error: unknown) => boolean {
  return (error) => error instanceof ApiError && error.status === status;
}

Deno.test("a body of exactly the limit is read, one byte more is refused", async () => {
  const limits = { maxBytes: 4, deadlineMs: 1000 };
  assert.equal(await readJsonBody(request("1234"), limits), 1234);
  await assert.rejects(readJsonBody(request("12345"), limits), isStatus(413));
});

Deno.test("a body without a declared length is counted as it comes", async () => {
  let sentBytes = 0;
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      sentBytes += 65536;
      controller.enqueue(new Uint8Array(65536).fill(0x20));
    },
  });
  await assert.rejects(
    readJsonBody(request(endless), { maxBytes: 10_000, deadlineMs: 10_000 }),
    isStatus(413),
  );
  // It reads some more, so that the answer is seen, and then no further.
  assert.ok(sentBytes < 5 * 1024 * 1024);
});

Deno.test("a body that never ends is given up", async () => {
  const silent = new ReadableStream<Uint8Array<ArrayBuffer>>();
  await assert.rejects(
    readJsonBody(request(silent), { maxBytes: 10, deadlineMs: 1 }),
    isStatus(400),
  );
});

Deno.test("an empty body counts as an empty object", async () => {
  assert.deepEqual(await readJsonBody(request(null)), {});
  assert.deepEqual(await readJsonBody(request("")), {});
});

Deno.test("half a character in a text or a name is refused, a whole one is read", async () => {
  for (const body of ['{"a":"\\ud800"}', '{"\\udc00":1}', '[["x\\ud83d"]]']) {
    await assert.rejects(readJsonBody(request(body)), isStatus(400), body);
  }
  assert.deepEqual(await readJsonBody(request('{"a":"\\ud83d\\ude00"}')), { a: "\u{1f600}" });
});

Deno.test("a name that objects keep for themselves is refused rather than lost", async () => {
  await assert.rejects(readJsonBody(request('{"set":{"__proto__":"c"}}')), /"__proto__"/);
});
