import assert from "node:assert/strict";
import type { ConfigTreeNode } from "../../shared/rest/config_views.ts";
import { createStyle } from "../../shared/terminal/style.ts";
import { renderConfigTree } from "./config_tree.ts";
import { lineWidth, placedLine } from "./placed_line.ts";

const PLAIN = createStyle({ isTerminal: false, env: {} });

Deno.test("of a line that is too long the text is cut, never the place", () => {
  const line = placedLine({ lead: "  ", text: "x".repeat(100), place: "a.vgo:1:1" }, 60, PLAIN);
  assert.equal(line, `  ${"x".repeat(46)}…  a.vgo:1:1`);
  assert.equal(line.length, 60);
});

Deno.test("a terminal without a size has 80 columns, and on a pipe nothing is cut", () => {
  assert.equal(lineWidth({ isTerminal: true, columns: 0 }), 80);
  assert.equal(lineWidth({ isTerminal: true }), 80);
  assert.equal(lineWidth({ isTerminal: false, columns: 40 }), Infinity);
});

Deno.test("a tree is drawn with lines, and hostile names stay on theirs", () => {
  const node = (
    kind: ConfigTreeNode["kind"],
    name: string,
    children: readonly ConfigTreeNode[] = [],
    repeated = false,
  ): ConfigTreeNode => ({ kind, name, place: "a:1:1", note: "", repeated, children });
  const tree = node("host", "web-1", [
    node("role", "web", [node("configcrate", "site", [node("resource", "file:/x\n\x1b[2J")])]),
    node("configcrate", "site", [], true),
  ]);
  assert.equal(
    renderConfigTree([tree], { width: Infinity, style: PLAIN }),
    [
      "web-1  a:1:1",
      "├─ role web  a:1:1",
      "│  └─ configcrate site  a:1:1",
      "│     └─ file:/x\\n\\u{1b}[2J  a:1:1",
      "└─ configcrate site (*)  a:1:1",
    ].join("\n"),
  );
});
