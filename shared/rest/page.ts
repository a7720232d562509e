import { z } from "zod";

/** Most rows of a page, and how many it has when nothing is said. */
export const MAX_PAGE_ROWS = 1000;
const DEFAULT_PAGE_ROWS = 200;

/** What a list takes besides its filters: how many rows at most, and where the page before ended. */
export function pageQuery(rows = DEFAULT_PAGE_ROWS) {
  return z.object({
    limit: z.coerce.number().int().min(1).max(MAX_PAGE_ROWS).default(rows),
    cursor: z.string().min(1).max(512).optional(),
  });
}

/** A page of a list; the cursor is opaque, and `null` on the last page. */
export function pageOf<Rows extends z.ZodRawShape>(rows: Rows) {
  return z.object({ ...rows, nextCursor: z.string().nullable() });
}
