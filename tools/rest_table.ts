import { checkPermission } from "../server/auth/permissions.ts";
import {
  ANONYMOUS,
  envoyPrincipal,
  LOCAL_ROOT,
  type Principal,
  userPrincipal,
} from "../server/service/principal.ts";
import { API_PREFIX, CONTRACT } from "../shared/rest/contract.ts";
import { PERSON_ROLES } from "../shared/rest/roles.ts";

/** Where the table stands in `docs/rest.md`. */
export const TABLE_BEGIN = "<!-- begin: endpoints, written by tools/generate_rest_docs.ts -->";
export const TABLE_END = "<!-- end: endpoints -->";

/** Who the columns of the table are about. */
const CALLERS: readonly (readonly [column: string, principal: Principal])[] = [
  ["nobody", ANONYMOUS],
  ["agent", envoyPrincipal("u")],
  ...PERSON_ROLES.map((role) => [role, userPrincipal({ name: role, role }, "")] as const),
  ["local root", LOCAL_ROOT],
];

/** Every endpoint by its path, and who may call it, as a table in Markdown; the server decides by the same function. */
export function renderRestTable(): string {
  const rows = Object.values(CONTRACT)
    .toSorted((a, b) => compare(a.path, b.path) || compare(a.method, b.method))
    .map(({ method, path, summary, permission }) => [
      `\`${method} ${API_PREFIX}${path}\``,
      summary,
      permission === "none" ? "" : `\`${permission}\``,
      ...CALLERS.map(([, principal]) => checkPermission(principal, permission).ok ? "yes" : ""),
    ]);
  const header = ["endpoint", "what it does", "needs", ...CALLERS.map(([column]) => column)];
  const widths = header.map((text, at) =>
    Math.max(text.length, ...rows.map((row) => row[at]?.length ?? 0))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)]
    .join("\n");
}

/** A page with the table of today. @throws {Error} if the page has no place for it. */
export function withRestTable(page: string): string {
  const [before, rest] = page.split(TABLE_BEGIN);
  const after = rest?.split(TABLE_END)[1];
  if (before === undefined || after === undefined) {
    throw new Error(`Cannot write the table of endpoints: the page lacks "${TABLE_BEGIN}"`);
  }
  return `${before}${TABLE_BEGIN}\n\n${renderRestTable()}\n\n${TABLE_END}${after}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
