import assert from "node:assert/strict";
import fc from "fast-check";
import { CappedText } from "./capped_text.ts";

Deno.test("text below the limit is kept whole, however it comes in pieces", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 10 });
  fc.assert(fc.property(pieces, (pieces) => {
    const kept = new CappedText(400);
    for (const piece of pieces) kept.add(piece);
    const whole = new Uint8Array(pieces.flatMap((piece) => [...piece]));
    assert.equal(kept.text(), new TextDecoder().decode(whole));
  }));
});

Deno.test("of longer text the beginning and the end stay, and the cut is counted", () => {
  const digits = fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { minLength: 21, maxLength: 60 });
  fc.assert(fc.property(digits, (pieces) => {
    const kept = new CappedText(20);
    for (const piece of pieces) kept.add(new TextEncoder().encode(piece));
    const whole = pieces.join("");
    const expected = `${whole.slice(0, 10)}\n… ${whole.length - 20} bytes left out …\n${
      whole.slice(-10)
    }`;
    assert.equal(kept.text(), expected);
  }));
});
