import assert from "node:assert/strict";
import fc from "fast-check";
import { sanitize, sanitizeLines } from "./sanitize.ts";

Deno.test("escape sequences are written out instead of obeyed", () => {
  assert.equal(sanitize("\x1b[2J\x9b1mhi\x07"), "\\u{1b}[2J\\u{9b}1mhi\\u{7}");
});

Deno.test("direction overrides, separators and lone surrogates are written out", () => {
  assert.equal(sanitize("a\u202eb\u2028c\ud800"), "a\\u{202e}b\\u{2028}c\\u{d800}");
});

Deno.test("ordinary text of any script is left alone", () => {
  for (const text of ["web-01", "häuser 日本 🚀", "a\\b"]) assert.equal(sanitize(text), text);
});

Deno.test("a line break cannot end a line unless lines were asked for", () => {
  assert.equal(sanitize("a\r\nb\tc"), "a\\r\\nb\\tc");
  assert.equal(sanitizeLines("a\r\nb\tc\r!"), "a\nb\tc\\r!");
});

// Beside the whole of Unicode, often the region where most acting characters are.
const character = fc.oneof(
  fc.integer({ max: 0x206f, min: 0 }),
  fc.integer({ max: 0x10ffff, min: 0 }),
)
  .map((point) => String.fromCodePoint(point));

Deno.test("no text keeps a character that acts", () => {
  fc.assert(fc.property(fc.string({ unit: character }), (text) => {
    assert.doesNotMatch(sanitize(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    assert.doesNotMatch(sanitizeLines(text), /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    assert.equal(sanitize(sanitize(text)), sanitize(text));
  }));
});
