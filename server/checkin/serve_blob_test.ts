import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ServerWritableStream } from "@grpc/grpc-js";
import type { BlobPiece, SignedRequest } from "../../shared/proto/agent.ts";
import type { DeliveryAnswer } from "../swarm/blob_desk.ts";
import { serveBlob } from "./serve_blob.ts";

/** A call whose reader has room for `room` pieces; errors are what the reader would get. */
function callOf(room: number) {
  const full = Promise.withResolvers<void>();
  const call = Object.assign(new EventEmitter(), {
    errors: [] as string[],
    written: 0,
    ended: false,
    /** Settles when the reader has no more room, and somebody waits until it has. */
    isFull: full.promise,
    write: () => {
      if (++call.written < room) return true;
      // After whoever writes has begun to wait.
      queueMicrotask(full.resolve);
      return false;
    },
    end: () => {
      call.ended = true;
    },
  });
  call.on("error", ({ message }) => call.errors.push(message));
  // What is used of a call is what this one has.
  return { call, stream: call as unknown as ServerWritableStream<SignedRequest, BlobPiece> };
}

/** A delivery of so many pieces. */
function delivery(pieces: number) {
  const state = { left: pieces, isDisposed: false };
  const answer: DeliveryAnswer = {
    ok: true,
    delivery: {
      next: () => Promise.resolve(state.left-- > 0 ? new Uint8Array(1) : undefined),
      [Symbol.dispose]: () => {
        state.isDisposed = true;
      },
    },
  };
  return { state, answer };
}

Deno.test("a reader that takes nothing any more is cut off, and its place is free again", async () => {
  const { call, stream } = callOf(2);
  const { state, answer } = delivery(10);
  await serveBlob(stream, () => Promise.resolve(answer), 20);
  assert.deepEqual(call.errors, ["nothing was read for 20 ms"]);
  assert.deepEqual([call.written, call.ended, state.isDisposed], [2, false, true]);
});

Deno.test("a reader that takes its time gets everything", async () => {
  const { call, stream } = callOf(2);
  const { state, answer } = delivery(5);
  // Whoever waits for room gets it at once.
  call.on("newListener", (event) => event === "drain" && queueMicrotask(() => call.emit("drain")));
  await serveBlob(stream, () => Promise.resolve(answer));
  assert.deepEqual([call.written, call.errors, state.isDisposed], [5, [], true]);
});

Deno.test("a reader that goes away is told nothing", async () => {
  const { call, stream } = callOf(1);
  const { state, answer } = delivery(5);
  const serving = serveBlob(stream, () => Promise.resolve(answer));
  await call.isFull;
  call.emit("cancelled");
  await serving;
  assert.deepEqual([call.errors, state.isDisposed], [[], true]);
});
