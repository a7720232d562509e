import assert from "node:assert/strict";
import fc from "fast-check";
import { displayWidth, truncate } from "./display_width.ts";

Deno.test("wide characters take two cells, combining marks none", () => {
  assert.equal(displayWidth("web-01"), 6);
  assert.equal(displayWidth("日本"), 4);
  assert.equal(displayWidth("🚀"), 2);
  assert.equal(displayWidth("e\u0301"), 1);
});

Deno.test("text that fits is not cut", () => {
  assert.equal(truncate("web-01", 6), "web-01");
});

Deno.test("a cut is marked and leaves no half of a wide character", () => {
  assert.equal(truncate("web-01", 5), "web-…");
  assert.equal(truncate("日本語", 4), "日…");
  assert.equal(truncate("abc", 1), "…");
  assert.equal(truncate("abc", 0), "");
});

Deno.test("cut text never takes more cells than there are", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "日", "🚀", "\u0301", "-") });
  fc.assert(fc.property(text, fc.nat(20), (given, width) => {
    assert.ok(displayWidth(truncate(given, width)) <= width);
  }));
});
