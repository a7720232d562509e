import assert from "node:assert/strict";
import fc from "fast-check";
import { blockInFileSchema } from "../../../shared/config/resources/blockinfile.ts";
import { editBlock } from "./edit_block.ts";

const BEGIN = "# BEGIN managed by vigo", END = "# END managed by vigo";

function edited(text: string, params: Record<string, unknown>): string {
  const result = editBlock(text, blockInFileSchema.parse({ path: "/x", ...params }));
  return result.ok ? result.text : `refused: ${result.reason}`;
}

Deno.test("a new block comes last, or where it is wanted, between its marks", () => {
  assert.equal(edited("a\n", { block: "x\ny\n" }), `a\n${BEGIN}\nx\ny\n${END}\n`);
  assert.equal(edited("a\nb\n", { block: "x", insert_after: "a" }), `a\n${BEGIN}\nx\n${END}\nb\n`);
  assert.equal(edited("a\nb\n", { block: "x", insert_before: "a" }), `${BEGIN}\nx\n${END}\na\nb\n`);
  assert.equal(edited("a\r\n", { block: "x" }), `a\r\n${BEGIN}\r\nx\r\n${END}\r\n`);
});

Deno.test("a block is replaced where it stands, and removed with its marks", () => {
  const text = `a\n${BEGIN}\nold\nlines\n${END}\nb\n`;
  assert.equal(edited(text, { block: "new" }), `a\n${BEGIN}\nnew\n${END}\nb\n`);
  assert.equal(edited(text, { ensure: "absent" }), "a\nb\n");
  assert.equal(edited("a\n", { ensure: "absent" }), "a\n");
});

Deno.test("blocks with other marks in one file do not meet", () => {
  const first = edited("", { block: "x", marker: "; {mark} one" });
  const both = edited(first, { block: "y", marker: "; {mark} two" });
  assert.equal(edited(both, { ensure: "absent", marker: "; {mark} two" }), first);
});

Deno.test("marks that were damaged by hand are for a person to mend", () => {
  for (
    const text of [
      `${BEGIN}\nx\n`,
      `${END}\n${BEGIN}\n`,
      `${BEGIN}\n${BEGIN}\n${END}\n`,
      `${END}\n`,
    ]
  ) {
    assert.match(edited(text, { block: "x" }), /refused: .*Mend them by hand/);
    assert.match(edited(text, { ensure: "absent" }), /refused: .*Mend them by hand/);
  }
});

Deno.test("a line that is too long for patterns stops only a block that is placed by one", () => {
  const long = `${"x".repeat(65_537)}\n`;
  assert.match(edited(long, { block: "b", insert_after: "^a" }), /line 1 has more than 65536/);
  assert.ok(edited(long, { block: "b" }).startsWith(long));
});

Deno.test("an edit of what it made changes nothing, and removing it gives the text of before", () => {
  const text = fc.array(fc.constantFrom("a", "b", "", "# BEGIN")).map((lines) =>
    `${lines.join("\n")}\n`
  );
  const block = fc.array(fc.constantFrom("x", "", "  y"), { minLength: 1 }).map((lines) =>
    lines.join("\n") + "\nz"
  );
  fc.assert(fc.property(text, block, (before, block) => {
    const params = blockInFileSchema.parse({ path: "/x", block, insert_after: "^a" });
    const once = editBlock(before, params);
    assert.ok(once.ok);
    assert.deepEqual(editBlock(once.text, params), once);
    assert.equal(edited(once.text, { ensure: "absent" }), before);
  }));
});
