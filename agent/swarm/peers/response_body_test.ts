import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { readBody } from "./response_body.ts";

Deno.test("an answer past its limit is not read to its end", async () => {
  const body = new PassThrough();
  const read = readBody(body, 3);
  body.write(Uint8Array.of(1, 2, 3, 4));
  await assert.rejects(read, { message: "Peer answered with more than 3 bytes" });
  assert.equal(body.destroyed, true);
});
