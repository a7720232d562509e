/** The largest time that a key can hold. */
const MAX_MS = Number.MAX_SAFE_INTEGER;

/** A key by which what is newest comes first, and what is of one moment by its name. */
export function newestFirst(timeMs: number, name: string): string {
  return `${String(MAX_MS - Math.trunc(timeMs)).padStart(16, "0")} ${name}`;
}

/** Where a page begins and how long it is. */
export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/**
 * A page of rows that are all in memory. The cursor is the key of the last row of the page before, so that rows which come and
 * go meanwhile neither repeat nor hide others.
 *
 * @param keyOf tells rows apart; they come in its order.
 */
export function paginate<Row>(
  rows: Iterable<Row>,
  keyOf: (row: Row) => string,
  { limit, cursor }: PageRequest,
): { page: Row[]; nextCursor: string | null } {
  const keyed = [...rows].map((row) => ({ row, key: keyOf(row) }))
    .filter(({ key }) => cursor === undefined || key > cursor)
    .sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
  const page = keyed.slice(0, limit);
  return {
    page: page.map(({ row }) => row),
    nextCursor: keyed.length > limit ? page.at(-1)?.key ?? null : null,
  };
}
