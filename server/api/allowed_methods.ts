import { API_PREFIX, CONTRACT } from "../../shared/rest/contract.ts";

const PATHS = Object.values(CONTRACT).map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${API_PREFIX}${path.replaceAll(/:\w+/g, "[^/]+")}$`),
}));
/** What answers outside of the contract. */
const READABLE: ReadonlySet<string> = new Set([
  `${API_PREFIX}/openapi.json`,
  "/healthz",
  "/readyz",
  "/metrics",
]);

/** The methods that a path answers, for the `Allow` header (RFC 9110, 10.2.1); empty for one that answers none. */
export function allowedMethods(path: string): readonly string[] {
  const methods = new Set<string>(READABLE.has(path) ? ["GET"] : []);
  for (const { method, pattern } of PATHS) if (pattern.test(path)) methods.add(method);
  if (methods.has("GET")) methods.add("HEAD");
  return [...methods].sort();
}
