import { displayWidth, truncate } from "./display_width.ts";
import { sanitize } from "./sanitize.ts";

export interface Column {
  /** Printed in upper case. */
  readonly header: string;
  /** Where the cells stand; numbers that are compared down a column read best on the right. Default `left`. */
  readonly align?: "left" | "right";
  /** Widest the column gets, in cells; longer text is cut with `…`. */
  readonly maxWidth?: number;
}

/** Text, made safe before it is printed; `style` is laid over the padded text and must not change its width. */
export type Cell = string | { readonly text: string; style(text: string): string };

export interface TableOptions {
  /** Cells available across; columns are narrowed, the widest first, until the table fits. Unset: as wide as it needs. */
  readonly width?: number;
}

const GUTTER = "  ";

/** No column is narrowed below this many cells: less tells nothing. A table that still does not fit is printed wider. */
const MIN_COLUMN_WIDTH = 5;

/**
 * Lays out a table without borders: headers in upper case, columns two spaces apart, no blanks at the end of a line. Each
 * row has a cell for each column; a missing one is empty.
 *
 * @returns The lines, each ending in a line feed. Without rows: the header line alone.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions = {},
): string {
  const lines: Cell[][] = [
    columns.map(({ header }) => header.toUpperCase()),
    ...rows.map((row) => columns.map((_, index) => row[index] ?? "")),
  ].map((line) => line.map(makeSafe));
  const widths = fit(
    columns.map(({ maxWidth = Infinity }, index) =>
      Math.min(maxWidth, Math.max(...lines.map((line) => displayWidth(textOf(line[index])))))
    ),
    options.width,
  );
  return lines.map((line) => `${renderLine(columns, widths, line)}\n`).join("");
}

function renderLine(
  columns: readonly Column[],
  widths: readonly number[],
  line: readonly Cell[],
): string {
  const last = columns.length - 1;
  return columns.map(({ align }, index) => {
    const cell = line[index] ?? "";
    const width = widths[index] ?? 0;
    const text = truncate(textOf(cell), width);
    const blanks = " ".repeat(width - displayWidth(text));
    const styled = typeof cell === "string" ? text : cell.style(text);
    if (align === "right") return blanks + styled;
    return index === last ? styled : styled + blanks;
  }).join(GUTTER).trimEnd();
}

/** Takes cells from the widest column, one at a time, until all fit. */
function fit(wanted: readonly number[], available = Infinity): number[] {
  const widths = [...wanted];
  const gutters = GUTTER.length * Math.max(0, widths.length - 1);
  let excess = widths.reduce((sum, width) => sum + width, gutters) - available;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= MIN_COLUMN_WIDTH) break;
    widths[widths.lastIndexOf(widest)] = widest - 1;
    excess -= 1;
  }
  return widths;
}

function makeSafe(cell: Cell): Cell {
  return typeof cell === "string"
    ? sanitize(cell)
    : { text: sanitize(cell.text), style: cell.style };
}

function textOf(cell: Cell | undefined): string {
  return typeof cell === "string" ? cell : cell?.text ?? "";
}
