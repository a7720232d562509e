import assert from "node:assert/strict";
import fc from "fast-check";
import { joinOutput, keptBytes, NO_OUTPUT, shortenOutput } from "./captured_output.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (output: Uint8Array) => new TextDecoder().decode(output);

Deno.test("output that was kept whole reads as it was written, and a cut is marked", () => {
  assert.equal(text(joinOutput({ ...NO_OUTPUT, head: bytes("all") })), "all");
  assert.equal(
    text(joinOutput({ head: bytes("begin"), tail: bytes("end"), droppedBytes: 7 })),
    "begin\n… 7 bytes left out …\nend",
  );
});

Deno.test("shortened output keeps its first and last bytes, and counts what went", () => {
  const whole = { head: bytes("0123456789"), tail: new Uint8Array(), droppedBytes: 0 };
  const short = shortenOutput(whole, 4);
  assert.equal(text(joinOutput(short)), "01\n… 6 bytes left out …\n89");
  assert.equal(shortenOutput(whole, 10), whole);
});

Deno.test("however it is shortened, no byte is counted twice or lost", () => {
  const part = fc.uint8Array({ maxLength: 60 });
  fc.assert(fc.property(part, part, fc.nat(50), fc.nat(140), (head, tail, dropped, maxBytes) => {
    const output = { head, tail, droppedBytes: dropped };
    const short = shortenOutput(output, maxBytes);
    assert.ok(keptBytes(short) <= Math.max(maxBytes, 0));
    assert.equal(short.droppedBytes + keptBytes(short), dropped + head.length + tail.length);
  }));
});
