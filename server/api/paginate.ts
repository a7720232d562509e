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
