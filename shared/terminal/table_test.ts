import assert from "node:assert/strict";
import fc from "fast-check";
import { displayWidth } from "./display_width.ts";
import { renderTable } from "./table.ts";

const COLUMNS = [{ header: "hostname" }, { header: "cached", align: "right" }, {
  header: "last seen",
}] as const;

Deno.test("columns are aligned under upper-case headers, two spaces apart, without trailing blanks", () => {
  const table = renderTable(COLUMNS, [["danlap", "14", "2026-04-23 18:24"], [
    "homeserver",
    "9",
    "",
  ]]);
  assert.equal(
    table,
    [
      "HOSTNAME    CACHED  LAST SEEN",
      "danlap          14  2026-04-23 18:24",
      "homeserver       9",
      "",
    ].join("\n"),
  );
});

Deno.test("without rows the headers still say what would be there", () => {
  assert.equal(renderTable(COLUMNS, []), "HOSTNAME  CACHED  LAST SEEN\n");
});

Deno.test("a missing cell is empty", () => {
  assert.equal(renderTable(COLUMNS, [["a"]]).split("\n")[1], "a");
});

Deno.test("a column with a largest width cuts longer text", () => {
  const table = renderTable([{ header: "command", maxWidth: 12 }, { header: "id" }], [[
    "systemctl restart nginx",
    "t1",
  ]]);
  assert.equal(table, "COMMAND       ID\nsystemctl r…  t1\n");
});

Deno.test("the widest column gives way first when the table is too wide", () => {
  const table = renderTable(
    [{ header: "host" }, { header: "text" }],
    [["web-01", "x".repeat(50)]],
    {
      width: 20,
    },
  );
  assert.equal(table.split("\n")[1], `web-01  ${"x".repeat(11)}…`);
});

Deno.test("wide characters line up by cells", () => {
  const [, first, second] = renderTable([{ header: "a" }, { header: "b" }], [["日本", "x"], [
    "abcd",
    "x",
  ]]).split("\n");
  assert.equal(first, "日本  x");
  assert.equal(second, "abcd  x");
});

Deno.test("styles are laid over padded text and do not shift columns", () => {
  const table = renderTable([{ header: "status" }, { header: "x" }], [
    [{ text: "ok", style: (text) => `<${text}>` }, "1"],
  ]);
  assert.equal(table, "STATUS  X\n<ok>      1\n");
});

Deno.test("hostile cells add no line and no escape sequence", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary-ascii" }), { maxLength: 4 }), (cells) => {
      const table = renderTable(
        [{ header: "a" }, { header: "b" }],
        cells.map((cell) => [cell, cell]),
      );
      assert.equal(table.split("\n").length, cells.length + 2);
      assert.doesNotMatch(table, /(?!\n)\p{Cc}/u);
    }),
  );
});

Deno.test("no line is wider than asked for when every column can reach its least width", () => {
  const row = fc.tuple(fc.string(), fc.string({ unit: fc.constantFrom("日", "a") }), fc.string());
  fc.assert(fc.property(fc.array(row), fc.integer({ min: 19, max: 60 }), (rows, width) => {
    const columns = [{ header: "one" }, { header: "two" }, { header: "three" }];
    for (const line of renderTable(columns, rows, { width }).split("\n")) {
      assert.ok(displayWidth(line) <= width);
    }
  }));
});
