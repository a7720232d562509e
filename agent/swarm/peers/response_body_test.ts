import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { PassThrough, Readable } from "node:stream";
import fc from "fast-check";
import { PeerError } from "./peer_error.ts";
import { headerBytes, readBody, readExactly } from "./response_body.ts";

/** An answer that comes in the given pieces. */
function answerOf(...parts: readonly Uint8Array[]): Readable {
  return Readable.from(parts.map((part) => Buffer.from(part)));
}

Deno.test("however an answer is cut, its bytes land in their places", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 9 })), async (parts) => {
      const whole = Buffer.concat(parts);
      const into = new Uint8Array(whole.length);
      await readExactly(answerOf(...parts), into);
      assert.deepEqual(Buffer.from(into), whole);
    }),
    { numRuns: 30 },
  );
});

Deno.test("an answer that is longer than the chunk is refused and writes nothing past it", async () => {
  const into = new Uint8Array(4);
  await assert.rejects(readExactly(answerOf(Uint8Array.of(1, 2), Uint8Array.of(3, 4, 5)), into), {
    name: "PeerError",
    message: "Peer sent more than the 4 bytes of the chunk",
  });
  assert.deepEqual(into, Uint8Array.of(1, 2, 0, 0));
});

Deno.test("an answer that is shorter than the chunk is refused", async () => {
  await assert.rejects(readExactly(answerOf(Uint8Array.of(1)), new Uint8Array(4)), {
    message: "Peer sent 1 of the 4 bytes of the chunk",
  });
});

Deno.test("a connection that breaks within an answer is a failure of the peer", async () => {
  const body = new PassThrough();
  const read = readExactly(body, new Uint8Array(4));
  body.destroy();
  await assert.rejects(read, PeerError);
});

Deno.test("an answer past its limit is not read to its end", async () => {
  const body = new PassThrough();
  const read = readBody(body, 3);
  body.write(Uint8Array.of(1, 2, 3, 4));
  await assert.rejects(read, { message: "Peer answered with more than 3 bytes" });
  assert.equal(body.destroyed, true);
});

Deno.test("a header that is missing or empty has no bytes", () => {
  assert.equal(headerBytes({}, "x-chunks"), undefined);
  assert.equal(headerBytes({ "x-chunks": "" }, "x-chunks"), undefined);
  assert.deepEqual(headerBytes({ "x-chunks": "/wA=" }, "x-chunks"), Uint8Array.of(255, 0));
});
