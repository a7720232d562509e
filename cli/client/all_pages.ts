/** Most rows that one request asks for. */
export const PAGE_ROWS = 1000;

/**
 * Every row of a list, page by page.
 *
 * @param ask answers the page that follows the cursor; `null` as the next cursor ends it.
 */
export async function allPages<Page extends { readonly nextCursor: string | null }, Row>(
  ask: (query: { readonly limit: number; readonly cursor?: string }) => Promise<Page>,
  rowsOf: (page: Page) => readonly Row[],
): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | null = null;
  do {
    const page: Page = await ask({ limit: PAGE_ROWS, ...(cursor === null ? {} : { cursor }) });
    rows.push(...rowsOf(page));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return rows;
}
