import type { Action, Page } from "../page.ts";

/** What a form sent to an address would do; `undefined` if nothing. */
export function findAction(
  pages: readonly Page[],
  address: string,
  name: string,
): Action | undefined {
  const parts = new URL(address, "https://localhost").pathname.split("/");
  const page = pages.find(({ path, actions = {} }) => {
    const own = path.split("/");
    return Object.hasOwn(actions, name) && own.length === parts.length &&
      own.every((part, at) => part.startsWith(":") || part === parts[at]);
  });
  return page?.actions?.[name];
}
