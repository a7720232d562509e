/**
 * The address of this page with other parameters.
 *
 * @param changes values by name; `undefined` takes a parameter away.
 */
export function href(url: URL, changes: Readonly<Record<string, string | undefined>>): string {
  const parameters = new URLSearchParams(url.searchParams);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === "") parameters.delete(name);
    else parameters.set(name, value);
  }
  const query = parameters.toString();
  return query === "" ? url.pathname : `${url.pathname}?${query}`;
}

/** A path out of fixed parts and words of somebody else's choice, as in ``path`/envoys/${hostname}` ``. */
export function path(parts: TemplateStringsArray, ...words: readonly string[]): string {
  return String.raw({ raw: parts }, ...words.map(encodeURIComponent));
}
