import assert from "node:assert/strict";
import { createStreamWriter } from "./stream_writer.ts";

Deno.test("text is written whole to a stream that takes a few bytes at a time", () => {
  const taken: number[] = [];
  const write = createStreamWriter({
    writeSync: (bytes) => {
      taken.push(...bytes.subarray(0, 3));
      return Math.min(3, bytes.length);
    },
  });
  write("häuser\n");
  assert.equal(new TextDecoder().decode(new Uint8Array(taken)), "häuser\n");
});

Deno.test("a reader that has gone away is asked once and then left alone", () => {
  let calls = 0;
  const write = createStreamWriter({
    writeSync: () => {
      calls += 1;
      throw new Deno.errors.BrokenPipe();
    },
  });
  write("one");
  write("two");
  assert.equal(calls, 1);
});

Deno.test("any other failure to write is the caller's", () => {
  const write = createStreamWriter({
    writeSync: () => {
      throw new Deno.errors.PermissionDenied("no");
    },
  });
  assert.throws(() => write("one"), Deno.errors.PermissionDenied);
});
