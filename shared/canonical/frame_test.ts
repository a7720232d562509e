import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeFrame, type FrameField, MAX_FRAME_INTEGER } from "./frame.ts";

const field = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.bigInt({ min: 0n, max: MAX_FRAME_INTEGER }),
  fc.uint8Array({ maxLength: 40 }),
);

/** Two fields are the same when they stand for the same bytes. */
function toBytes(value: FrameField): string {
  return encodeFrame("x", [value]).toHex();
}

Deno.test("two lists of fields share their bytes only if every field does", () => {
  fc.assert(
    fc.property(fc.array(field, { maxLength: 6 }), fc.array(field, { maxLength: 6 }), (a, b) => {
      const same = a.length === b.length &&
        a.every((value, index) => toBytes(value) === toBytes(b[index] ?? ""));
      assert.equal(encodeFrame("x", a).toHex() === encodeFrame("x", b).toHex(), same);
    }),
  );
});

Deno.test("moving a byte from one field to its neighbour changes the frame", () => {
  assert.notDeepEqual(encodeFrame("x", ["ab", "c"]), encodeFrame("x", ["a", "bc"]));
});

Deno.test("a tag is printable ASCII, so that no tag begins another's frame", () => {
  for (const tag of ["", "a b", "a\0", "é"]) {
    assert.throws(() => encodeFrame(tag, []), RangeError);
  }
});

Deno.test("an integer that does not fit in 64 unsigned bits is refused", () => {
  assert.throws(() => encodeFrame("x", [-1n]), /-1 does not fit/);
  assert.throws(() => encodeFrame("x", [MAX_FRAME_INTEGER + 1n]), RangeError);
});

Deno.test("a string that is not well-formed is refused, since its bytes could be another's", () => {
  assert.throws(() => encodeFrame("x", ["\ud800"]), TypeError);
});
