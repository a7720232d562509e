import assert from "node:assert/strict";
import { createOutput } from "./output.ts";

function open(isErrorTerminal: boolean) {
  const written = { out: "", error: "" };
  const output = createOutput({
    write: (text) => written.out += text,
    writeError: (text) => written.error += text,
    isTerminal: false,
    isErrorTerminal,
  });
  return { output, written };
}

Deno.test("answers go to standard output, remarks to standard error", () => {
  const { output, written } = open(false);
  output.line("answer");
  output.json({ a: "\x9b\u202e" });
  output.note("remark");
  assert.deepEqual(written, { out: 'answer\n{\n  "a": "\\u009b\\u202e"\n}\n', error: "remark\n" });
});

Deno.test("on a pipe progress is silent, but for its last text when that is to stay", () => {
  const { output, written } = open(false);
  output.progress("1 of 2");
  output.progress("2 of 2");
  output.endProgress(false);
  assert.equal(written.error, "");
  output.progress("half");
  output.endProgress(true);
  assert.equal(written.error, "half\n");
});

Deno.test("on a terminal each progress text replaces all lines of the one before", () => {
  const { output, written } = open(true);
  output.progress("a\nb");
  output.progress("c");
  assert.equal(written.error, "a\nb\r\x1b[2K\x1b[A\x1b[2Kc");
  output.endProgress(false);
  assert.ok(written.error.endsWith("c\r\x1b[2K"));
  output.endProgress(true);
  assert.ok(written.error.endsWith("c\r\x1b[2K"), "nothing is shown any more");
});

Deno.test("progress is cut to the screen, so that all of it can be wiped", () => {
  let error = "";
  const output = createOutput({
    write: () => {},
    writeError: (text) => error += text,
    isTerminal: true,
    isErrorTerminal: true,
    screen: { columns: 4, rows: 2 },
  });
  output.progress("abcdef\nb\nc");
  assert.equal(error, "abc…\n… 2…");
  output.endProgress(false);
  assert.ok(error.endsWith("\r\x1b[2K\x1b[A\x1b[2K"));
});
