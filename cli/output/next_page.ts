import { quoteForShell } from "../../shared/terminal/completion_state.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import type { Output } from "./output.ts";

/** The option of every verb that answers a page of a list. */
export const CURSOR_OPTION = ["--cursor <cursor>", "go on after the page that named it"] as const;

/** Says below a page how to get the next one, in words that can be pasted. */
export function noteNextPage({ note }: Pick<Output, "note">, nextCursor: string | null): void {
  if (nextCursor === null) return;
  note(`There are more: go on with --cursor ${quoteForShell(sanitize(nextCursor))}`);
}
