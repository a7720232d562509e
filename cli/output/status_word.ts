import type { Style } from "../../shared/terminal/style.ts";
import type { Cell } from "../../shared/terminal/table.ts";

/** How the words of the contract look that say how somebody is; others are plain. */
const TONES: ReadonlyMap<string, "green" | "yellow" | "red" | "dim"> = new Map([
  ["online", "green"],
  ["offline", "dim"],
  ["cloned?", "red"],
  ["revoked", "red"],
  ["Converged", "green"],
  ["Degraded", "yellow"],
  ["Failed", "red"],
  ["NoData", "dim"],
  ["Changed", "yellow"],
  ["Diverged", "red"],
  ["pending", "yellow"],
  ["unresolved", "red"],
  ["none", "dim"],
  ["converged", "green"],
  ["degraded", "yellow"],
  ["failed", "red"],
  ["complete", "green"],
  ["timeout", "red"],
  ["rejected", "red"],
  ["lost", "red"],
  ["aborted", "red"],
  ["skipped", "yellow"],
  ["cancelled", "yellow"],
  ["running", "yellow"],
  ["sent", "yellow"],
  ["waiting", "dim"],
]);

/** A cell in the colour of a status, where there are colours. `text` may say more than the word that gives the colour. */
export function statusCell(word: string, style: Style, text = word): Cell {
  const tone = TONES.get(word);
  return tone === undefined ? text : { text, style: style[tone] };
}
