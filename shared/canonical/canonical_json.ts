/** A value that JSON can carry. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** Deepest nesting accepted: traits and parameters are shallow, and recursion must end before the stack does. */
export const MAX_JSON_DEPTH = 64;

/**
 * One text for one value: no white space, object keys sorted by UTF-16 code unit, absent members left out, numbers as
 * ECMAScript prints them. The rules are those of RFC 8785, whose number and key order ECMAScript already has.
 *
 * @throws {TypeError} if a number is not finite, a string is not well-formed, or nesting exceeds {@linkcode MAX_JSON_DEPTH}.
 */
export function canonicalJson(value: Json): string {
  return write(value, 0);
}

function write(value: Json, depth: number): string {
  if (depth > MAX_JSON_DEPTH) {
    throw new TypeError(`Cannot write canonical JSON: nested deeper than ${MAX_JSON_DEPTH}`);
  }
  if (typeof value === "string") return writeString(value);
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new TypeError(`Cannot write canonical JSON: ${value} is not a finite number`);
  }
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map((item) => write(item, depth + 1)).join(",")}]`;
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member !== undefined) members.push(`${writeString(key)}:${write(member, depth + 1)}`);
  }
  return `{${members.join(",")}}`;
}

function writeString(text: string): string {
  if (!text.isWellFormed()) {
    throw new TypeError("Cannot write canonical JSON: a string holds an unpaired surrogate");
  }
  return JSON.stringify(text);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
