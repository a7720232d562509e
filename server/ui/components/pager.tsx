import { href } from "../href.ts";

/** Leads on in a list that is read page by page, and back to its beginning. */
export function Pager({ url, nextCursor, shown, total, list }: {
  url: URL;
  nextCursor: string | null;
  shown: number;
  total?: number | undefined;
  /** Which of several lists of a page it is: the id of its panel, and the parameter that says where it is read from. */
  list?: string;
}) {
  const parameter = list ?? "cursor", place = list === undefined ? "" : `#${list}`;
  const isFirst = !url.searchParams.has(parameter);
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
      {!isFirst && <a href={href(url, { [parameter]: undefined }) + place}>First page</a>}
      {nextCursor !== null && (
        <a rel="next" href={href(url, { [parameter]: nextCursor }) + place}>Next page</a>
      )}
    </nav>
  );
}
