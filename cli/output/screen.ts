import { truncate } from "../../shared/terminal/display_width.ts";

/** How much a terminal shows at once. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/**
 * What of a text is drawn over and over: lines that wrapped or scrolled away could not be wiped, so each is cut to the width
 * of the screen, and those past its height become one line that counts them.
 */
export function fitScreen(text: string, { columns, rows }: ScreenSize): string {
  const lines = text.split("\n");
  const shown = lines.length <= rows ? lines : lines.slice(0, Math.max(0, rows - 1));
  const hidden = lines.length - shown.length;
  return [...shown, ...hidden > 0 ? [`… ${hidden} more`] : []]
    .map((line) => truncate(line, columns)).join("\n");
}
