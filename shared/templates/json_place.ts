import type { Json } from "../canonical/canonical_json.ts";

/** Members from the outside in, as a JSON Pointer (RFC 6901) names them. */
export type JsonPath = readonly string[];

export function formatJsonPointer(path: JsonPath): string {
  return path.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

export function parseJsonPointer(pointer: string): string[] {
  return pointer.split("/").slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The value at a path, or undefined if there is none. */
export function readAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, key)) {
      return undefined;
    }
    current = Reflect.get(current, key);
  }
  return current;
}

/**
 * The same value with another one at a path; what lies beside the path is shared. A container that is not there is made as a
 * map. Keys are own members whatever they are called.
 */
export function replaceAt(value: Json | undefined, path: JsonPath, member: Json): Json {
  const [key, ...below] = path;
  if (key === undefined) return member;
  if (Array.isArray(value)) {
    const items: Json[] = [...value];
    items[Number(key)] = replaceAt(items[Number(key)], below, member);
    return items;
  }
  const known: { readonly [key: string]: Json | undefined } =
    typeof value === "object" && value !== null && !isList(value) ? value : {};
  const replaced = replaceAt(Object.hasOwn(known, key) ? known[key] : undefined, below, member);
  // In its old place: templates go through maps in order.
  const entries = new Map(Object.entries(known)).set(key, replaced);
  return Object.fromEntries(entries);
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
