import assert from "node:assert/strict";
import { LastLines } from "./last_lines.ts";

Deno.test("the last line is the one being written, or the last that ended", () => {
  const lines = new LastLines();
  const encode = (text: string) => new TextEncoder().encode(text);
  assert.equal(lines.get(0), "");
  lines.add(0, encode("one\ntwo\n\n"));
  assert.equal(lines.get(0), "two");
  lines.add(0, encode("10 %\r20 %"));
  assert.equal(lines.get(0), "20 %");
  lines.add(1, encode("grün").slice(0, 3));
  lines.add(1, encode("grün").slice(3));
  assert.equal(lines.get(1), "grün");
  lines.add(0, encode("x".repeat(10_000)));
  assert.ok(lines.get(0).length <= 400);
});
