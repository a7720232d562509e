import { href } from "../href.ts";

/** Leads on in a list that is read page by page, and back to its beginning. */
export function Pager({ url, nextCursor, shown, total }: {
  url: URL;
  nextCursor: string | null;
  shown: number;
  total?: number | undefined;
}) {
  const isFirst = !url.searchParams.has("cursor");
  if (isFirst && nextCursor === null) {
    return (
      <p class="pager quiet">
        {total === undefined || total === shown ? `${shown} in all` : `${shown} of ${total}`}
      </p>
    );
  }
  return (
    <nav class="pager" aria-label="Pages">
      <span class="quiet">
        {total === undefined ? `${shown} on this page` : `${shown} of ${total}`}
      </span>
      {!isFirst && <a href={href(url, { cursor: undefined })}>First page</a>}
      {nextCursor !== null && <a rel="next" href={href(url, { cursor: nextCursor })}>Next page</a>}
    </nav>
  );
}
