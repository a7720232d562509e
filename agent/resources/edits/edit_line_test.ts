import assert from "node:assert/strict";
import fc from "fast-check";
import { fileLineSchema } from "../../../shared/config/resources/file_line.ts";
import { editLine } from "./edit_line.ts";

function edited(text: string, params: Record<string, unknown>): string {
  const result = editLine(text, fileLineSchema.parse({ path: "/x", ...params }));
  return result.ok ? result.text : `refused: ${result.reason}`;
}

Deno.test("a missing line comes last, or where it is wanted", () => {
  assert.equal(edited("a\nb\n", { line: "c" }), "a\nb\nc\n");
  assert.equal(edited("a\nb\na\n", { line: "c", insert_after: "^a" }), "a\nb\na\nc\n");
  assert.equal(edited("x\na\na\n", { line: "c", insert_before: "^a" }), "x\nc\na\na\n");
  assert.equal(edited("a\n", { line: "c", insert_after: "^z" }), "a\nc\n");
  assert.equal(edited("", { line: "c" }), "c\n");
});

Deno.test("a line that is there changes nothing, wherever it stands", () => {
  assert.equal(edited("c\na\n", { line: "c", insert_after: "a" }), "c\na\n");
  assert.equal(
    edited("#Port 22\nPort 22\n", { line: "Port 22", match: "Port" }),
    "#Port 22\nPort 22\n",
  );
});

Deno.test("the line that matches is replaced, several only when asked for", () => {
  assert.equal(edited("a\n#Port 1\n", { line: "Port 2", match: "^#?Port " }), "a\nPort 2\n");
  const two = "Port 1\nb\nPort 3\n";
  assert.match(edited(two, { line: "Port 2", match: "^Port" }), /2 lines match "\^Port" \(1, 3\)/);
  const params = { line: "Port 2", match: "^Port", multiple: true };
  assert.equal(edited(two, params), "Port 2\nb\nPort 2\n");
});

Deno.test("no line of a file keeps an edit busy, and one that is too long for patterns stops it", () => {
  const hostile = `${"export PATH=".repeat(5_000)}\n`;
  const params = { line: "export PATH=/bin", match: "export .*PATH.*=x" };
  assert.equal(edited(hostile, params), `${hostile}export PATH=/bin\n`);
  const long = `a\n${"x".repeat(65_537)}\n`;
  const reason = /line 2 has more than 65536 characters/;
  assert.match(edited(long, params), reason);
  assert.match(edited(long, { ensure: "absent", match: "^a" }), reason);
  assert.match(edited(long, { line: "b", insert_after: "^a" }), reason);
  assert.equal(edited(long, { line: "b" }), `${long}b\n`);
  const large = "abab\n".repeat(250_000);
  assert.match(edited(large, { line: "b", match: "a(a|b){100}c$" }), /too many for "a\(a\|b\)/);
  assert.equal(edited(large, { line: "b", match: "^a(a|b){5}c$" }), `${large}b\n`);
});

Deno.test("line ends and a missing final one stay as they are", () => {
  assert.equal(edited("a\r\nb", { line: "c" }), "a\r\nb\r\nc");
  assert.equal(edited("a\nb\r\nc", { line: "B", match: "b" }), "a\nB\r\nc");
  assert.equal(edited("a\r\nb", { ensure: "absent", line: "b" }), "a");
});

Deno.test("every line that is named or matches goes", () => {
  assert.equal(edited("a\nb\na\n", { ensure: "absent", line: "a" }), "b\n");
  assert.equal(edited("a1\nb\na2\n", { ensure: "absent", match: "^a" }), "b\n");
  assert.equal(edited("a\n", { ensure: "absent", line: "a" }), "");
});

Deno.test("an edit of what it made changes nothing, and other lines stay", () => {
  const line = fc.stringMatching(/^[ab]{1,3}$/), end = fc.constantFrom("\n", "\r\n");
  const text = fc.tuple(fc.array(fc.tuple(line, end)), line)
    .map(([lines, last]) => lines.map((parts) => parts.join("")).join("") + last);
  const pattern = fc.constantFrom("^a", "b$", "aa", undefined);
  fc.assert(
    fc.property(
      text,
      line,
      pattern,
      pattern,
      fc.boolean(),
      (before, line, match, after, multiple) => {
        const params = fileLineSchema.parse({
          path: "/x",
          line,
          ...(match === undefined ? {} : { match, multiple }),
          ...(after === undefined ? {} : { insert_after: after }),
        });
        const once = editLine(before, params);
        if (!once.ok) return;
        assert.deepEqual(editLine(once.text, params), once);
        assert.ok(once.text === "" || once.text.split(/\r?\n/).includes(line));
      },
    ),
  );
});
