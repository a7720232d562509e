import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { createRedactor } from "./redactor.ts";

const MASK = "«secret»";

Deno.test("a value is masked wherever it stands, and whoever quoted it", () => {
  const value = `p@ss'w"o\\rd $1&<x>`;
  const redact = createRedactor([value]);
  const forms = {
    plain: value,
    json: JSON.stringify({ password: value }),
    url: `https://db/?p=${encodeURIComponent(value)}`,
    form: new URLSearchParams({ p: value }).toString(),
    "shell, single quotes": `'${value.replaceAll("'", `'\\''`)}'`,
    "shell, double quotes": `"${value.replaceAll(/[\\"$`]/g, "\\$&")}"`,
    yaml: `'${value.replaceAll("'", "''")}'`,
    csv: `"${value.replaceAll('"', '""')}"`,
    xml: `<p>${value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")}</p>`,
    base64: btoa(value),
    "base64url in a header": Buffer.from(`user:${value}\n`).toString("base64url"),
    hex: Buffer.from(value).toString("hex"),
  };
  for (const [name, form] of Object.entries(forms)) {
    const masked = redact(`before ${form} after`);
    assert.match(masked, /«secret»/, name);
    assert.doesNotMatch(masked, /p@ss|p%40ss|cEBzcy|BAc3M|QHNz|7040737/, `${name}: ${masked}`);
    assert.match(masked, /^before .* after$/s, name);
  }
});

Deno.test("base64 of any text around a value shows nothing of it", () => {
  const text = fc.string({ minLength: 12, maxLength: 40 });
  fc.assert(fc.property(text, fc.string(), fc.string(), (value, before, after) => {
    const bytes = Buffer.from(value.trim());
    fc.pre(bytes.length >= 12);
    const masked = createRedactor([value])(Buffer.from(before + value + after).toString("base64"));
    // A group of four digits holds what two neighbours share, so its ends may stay.
    const start = Buffer.from(before).length + Buffer.from(value).indexOf(bytes);
    const digits = Buffer.from(before + value + after).toString("base64")
      .slice(Math.ceil(start * 8 / 6), Math.floor((start + bytes.length) * 8 / 6));
    assert.equal(masked.includes(digits), false);
  }));
});

Deno.test("a value of several lines is masked line by line, as in a diff", () => {
  const key = "-----BEGIN KEY-----\nabcdefghijkl\nshort\n-----END KEY-----\n";
  const redact = createRedactor([key]);
  const diff = `+++ /etc/key\n@@ -0,0 +1,4 @@\n${key.trim().replaceAll(/^/gm, "+")}`;
  const masked = redact(diff);
  assert.equal(masked, `+++ /etc/key\n@@ -0,0 +1,4 @@\n+${MASK}`);
  assert.equal(redact("line 2: abcdefghijkl?"), `line 2: ${MASK}?`);
  assert.equal(redact("short"), "short");
});

Deno.test("long base64 is masked though it is wrapped", () => {
  const value = "0123456789".repeat(20);
  for (const width of [64, 76]) {
    const lines = btoa(value).match(new RegExp(`.{1,${width}}`, "g")) ?? [];
    const masked = createRedactor([value])(lines.join("\n"));
    assert.doesNotMatch(masked, /MDEyMzQ1Njc4OT/);
  }
});

Deno.test("what is left of a value where output was cut is masked too", () => {
  const redact = createRedactor(["correct-horse-battery"]);
  for (
    const [text, expected] of [
      ["it said correct-hor", `it said ${MASK}`],
      ["correct-ho\n… 17 bytes left out …\nbattery!", `${MASK}\n… 17 bytes left out …\n${MASK}!`],
      ["x correct-horse-\n… 8 more characters", `x ${MASK}\n… 8 more characters`],
      ["all is cor", "all is cor"],
    ] as const
  ) assert.equal(redact(text), expected);
});

Deno.test("the longer of two values is masked whole, and values of three characters are left alone", () => {
  const redact = createRedactor(["root", "root-of-all", "abc"]);
  assert.equal(redact("root-of-all and root and abc"), `${MASK} and ${MASK} and abc`);
  assert.equal(createRedactor(["abc"])("abc"), "abc");
  assert.equal(createRedactor([])("anything"), "anything");
});
