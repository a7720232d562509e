import assert from "node:assert/strict";
import fc from "fast-check";
import { parsePlist } from "./parse_plist.ts";

const plist = (body: string) =>
  parsePlist(`<?xml version="1.0"?><plist version="1.0">${body}</plist>`);

Deno.test("property lists become plain values", () => {
  assert.deepEqual(
    plist(
      "<dict><key>a &amp; b</key><string>&lt;x&gt; &#228;</string><key>n</key><integer>-7</integer>" +
        "<key>on</key><true/><key>off</key><false></false><key>none</key><array/>" +
        "<key>list</key><array><real>1.5</real><dict/></array><key>d</key><data> QQ==\n</data>" +
        "<key>e</key><string/></dict>",
    ),
    {
      "a & b": "<x> ä",
      n: -7,
      on: true,
      off: false,
      none: [],
      list: [1.5, {}],
      d: { base64: "QQ==" },
      e: "",
    },
  );
});

Deno.test("what is no property list, or only a part of one, is nothing", () => {
  for (const text of ["", "hello", "<plist>", "<plist><dict><key>a</key>", "<plist></plist>"]) {
    assert.equal(parsePlist(text), undefined, text);
  }
  assert.equal(plist("<dict><string>x</string></dict>"), undefined);
  assert.equal(plist("<array>".repeat(40) + "</array>".repeat(40)), undefined);
});

Deno.test("any text can be tried", () => {
  const piece = fc.constantFrom(
    "<dict>",
    "</dict>",
    "<array>",
    "</array>",
    "<key>k</key>",
    "<string>s</string>",
    "<true/>",
    "<integer>1</integer>",
    "&amp;",
    "<",
  );
  fc.assert(fc.property(fc.array(fc.oneof(piece, fc.string())), (pieces) => {
    plist(pieces.join(""));
  }));
});
