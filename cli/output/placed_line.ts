import { displayWidth, truncate } from "../../shared/terminal/display_width.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import type { Style } from "../../shared/terminal/style.ts";

/** Columns of a terminal whose width is not known. */
export const DEFAULT_COLUMNS = 80;
/** A text is not cut below this many columns; the place then makes the line longer. */
const MIN_TEXT_WIDTH = 24;

/** How wide a line may be; on a pipe nothing is cut. */
export function lineWidth(
  { isTerminal, columns }: { readonly isTerminal: boolean; readonly columns?: number },
): number {
  // A terminal that has not been told its size says 0.
  return isTerminal ? columns || DEFAULT_COLUMNS : Infinity;
}

/** A text with the place where it stands behind it; of a line that is too long the text is cut, never the place. */
export function placedLine(
  { lead = "", text, place }: {
    readonly lead?: string;
    readonly text: string;
    readonly place: string;
  },
  width: number,
  style: Style,
): string {
  const where = sanitize(place);
  const room = Math.max(MIN_TEXT_WIDTH, width - displayWidth(lead) - displayWidth(where) - 2);
  const shown = truncate(sanitize(text), room);
  return where === "" ? lead + shown : `${lead}${shown}  ${style.dim(where)}`;
}
