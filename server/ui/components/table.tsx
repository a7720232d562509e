import type { Child } from "hono/jsx";

/** One column of a table over rows of a kind. */
export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => Child;
  /** Numbers stand at the right, so that they can be compared. */
  readonly isNumber?: boolean;
  /** Names and sentences that may be long: they get room before others do. */
  readonly isLong?: boolean;
  /** Left out where there is no room for columns. */
  readonly isMinor?: boolean;
  /** What names the row: read out with each of its cells. */
  readonly isHeading?: boolean;
  /** Where a click on the heading leads, and which way the rows are sorted by it now. */
  readonly sort?: {
    readonly href: string;
    readonly direction: "ascending" | "descending" | undefined;
  };
}

/**
 * Rows under headings. Where there is no room for columns each row becomes a block with the headings beside its values; the
 * roles are written out since such a block is no table to browsers any more.
 */
export function Table<Item>({ label, columns, rows, rowId, rowClass }: {
  label: string;
  columns: readonly Column<Item>[];
  rows: readonly Item[];
  rowId?: (row: Item) => string;
  rowClass?: (row: Item) => string | undefined;
}) {
  return (
    <div class="table">
      <table role="table" aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">{columns.map((column) => <Heading column={column} />)}</tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <Row columns={columns} row={row} id={rowId?.(row)} className={rowClass?.(row)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** One row, also of a table that stands already. */
export function Row<Item>({ columns, row, id, className }: {
  columns: readonly Column<Item>[];
  row: Item;
  id?: string | undefined;
  className?: string | undefined;
}) {
  return (
    <tr role="row" id={id} class={className}>
      {columns.map((column) => <Cell column={column} row={row} />)}
    </tr>
  );
}

function Heading<Item>({ column: { name, isNumber, sort } }: { column: Column<Item> }) {
  return (
    <th
      role="columnheader"
      scope="col"
      class={isNumber ? "number" : undefined}
      aria-sort={sort?.direction}
    >
      {sort
        ? (
          <a href={sort.href}>
            {name}
            <span aria-hidden="true" class="sort">
              {sort.direction === "ascending" ? "↑" : sort.direction === "descending" ? "↓" : ""}
            </span>
          </a>
        )
        : name}
    </th>
  );
}

function Cell<Item>(
  { column, row }: { column: Column<Item>; row: Item },
) {
  const { name, cell, isNumber, isHeading, isLong, isMinor } = column;
  const classes = isNumber ? "number" : isMinor ? "minor" : isLong ? "long" : undefined;
  return isHeading
    ? <th role="rowheader" scope="row" class={classes} data-label={name}>{cell(row)}</th>
    : <td role="cell" class={classes} data-label={name}>{cell(row)}</td>;
}
