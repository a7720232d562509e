import assert from "node:assert/strict";
import fc from "fast-check";
import { jsonText } from "./json_text.ts";

Deno.test("what acts in a terminal is escaped in names and values alike", () => {
  assert.equal(
    jsonText({ "a\u202eb": ["\x1b[2J\x9b1m\x7f", "\u2028\u200d", "\u{e0001}", "\ud800"] }),
    '{\n  "a\\u202eb": [\n    "\\u001b[2J\\u009b1m\\u007f",\n    "\\u2028\\u200d",\n    "\\udb40\\udc01",\n    "\\ud800"\n  ]\n}\n',
  );
});

Deno.test("ordinary text of any script stays as it is", () => {
  assert.equal(jsonText("häuser 日本 🚀\n"), '"häuser 日本 🚀\\n"\n');
});

Deno.test("every value reads back as it was, and no character acts", () => {
  fc.assert(fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
    const text = jsonText(value);
    assert.doesNotMatch(text, /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
  }));
});
