import type { ConfigTreeNode } from "../../shared/rest/config_views.ts";
import type { Style } from "../../shared/terminal/style.ts";
import { placedLine } from "./placed_line.ts";

/** Trees of what leads to what, drawn with lines; crates that were shown further up end with `(*)`. */
export function renderConfigTree(
  roots: readonly ConfigTreeNode[],
  { width, style }: { readonly width: number; readonly style: Style },
): string {
  const lines: string[] = [];
  const draw = (node: ConfigTreeNode, lead: string, below: string) => {
    lines.push(placedLine({ lead, text: describe(node), place: node.place }, width, style));
    for (const [index, child] of node.children.entries()) {
      const isLast = index === node.children.length - 1;
      draw(child, `${below}${isLast ? "└─ " : "├─ "}`, `${below}${isLast ? "   " : "│  "}`);
    }
  };
  for (const root of roots) draw(root, "", "");
  return lines.join("\n");
}

/** Resources and hosts are told by their names alone; the word in front says what else a name is. */
function describe({ kind, name, note, repeated }: ConfigTreeNode): string {
  const what = kind === "resource" || kind === "host" ? name : `${kind} ${name}`;
  return `${what}${note === "" ? "" : ` [${note}]`}${repeated ? " (*)" : ""}`;
}
