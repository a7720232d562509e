import type { CallInput } from "../calls.ts";
import type { PageContext } from "../page.ts";
import { type FoldedRun, foldRuns } from "./fold_runs.ts";
import type { RunSummary } from "../../../shared/rest/runs.ts";

/** Rows of the store in one question. */
const ROWS = 50;
/** Questions for one page: an envoy that fails every minute takes so many runs in half a day. */
const MAX_QUESTIONS = 16;

/** Runs of which those of an envoy that fail alike are one; see {@linkcode foldRuns}. */
export interface FoldedRuns {
  readonly runs: readonly FoldedRun[];
  readonly nextCursor: string | null;
}

/**
 * Runs for one page, newest first: so many questions are asked of the store until there are `wanted` rows at least, however
 * many runs of one envoy stand in a row.
 *
 * @param query as the endpoint takes it; its `limit` is not looked at.
 */
export async function listRuns(
  call: PageContext["call"],
  query: NonNullable<CallInput<"runList">["query"]>,
  wanted: number,
): Promise<FoldedRuns> {
  const found: RunSummary[] = [];
  let next = query.cursor, runs: readonly FoldedRun[] = [];
  for (let asked = 0; asked < MAX_QUESTIONS; asked += 1) {
    const page = await call("runList", {
      query: { ...query, limit: ROWS, ...(next === undefined ? {} : { cursor: next }) },
    });
    found.push(...page.runs);
    runs = foldRuns(found, page.nextCursor !== null);
    next = page.nextCursor ?? undefined;
    if (next === undefined || runs.length >= wanted) break;
  }
  return { runs, nextCursor: next ?? null };
}
