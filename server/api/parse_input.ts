import { z } from "zod";
import { ApiError } from "./api_error.ts";

/** Longest value quoted back to the caller, in characters. */
const MAX_QUOTED_LENGTH = 320;
/** Longest field quoted, in characters: enough to recognise it. */
const MAX_VALUE_LENGTH = 80;
/** What must not come back in an error, which may end up in a log. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  "token",
  "csr",
  "signature",
  "signingKey",
  "value",
  "password",
  "current",
]);

/**
 * Parses what a caller sent.
 *
 * @param what the value is part of, as in `body` or `query`.
 * @param describe the place of what is wrong, for people who know it by another name.
 * @throws {ApiError} 400 with the first thing that is wrong and where.
 */
export function parseInput<Schema extends z.ZodType>(
  what: string,
  schema: Schema,
  value: unknown,
  describe = (path: readonly PropertyKey[]): string => [what, ...path].map(String).join("."),
): z.output<Schema> {
  const result = schema.safeParse(value, { error: describeIssue });
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = describe(issue?.path ?? []);
  const quoted = quote(value, issue?.path ?? []);
  const message = oneLine(issue?.message ?? "it is not valid");
  throw new ApiError(400, `Cannot read ${oneLine(path)}${quoted}: ${message}`);
}

/**
 * The query of a request as an object for its schema.
 *
 * @throws {ApiError} 400 if a parameter is unknown, since a misspelt filter would silently be none, or is given twice.
 */
export function readQuery(schema: z.ZodType, parameters: URLSearchParams): Record<string, string> {
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const query: Record<string, string> = {};
  for (const [name, value] of parameters) {
    if (!known.includes(name)) {
      const choice = known.length === 0 ? "it takes none" : `it takes ${known.join(", ")}`;
      throw new ApiError(400, `Cannot read query parameter "${oneLine(name)}": ${choice}`);
    }
    if (Object.hasOwn(query, name)) {
      throw new ApiError(400, `Cannot read query parameter "${name}": it is given twice`);
    }
    query[name] = value;
  }
  return query;
}

/** What was expected, for people, where the schema itself does not say it. */
function describeIssue(issue: z.core.$ZodRawIssue): string {
  if (issue.input === undefined && issue.code !== "custom") return "it is missing";
  switch (issue.code) {
    case "invalid_type":
      return `expected ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
    case "too_small":
      return `expected ${issue.inclusive === false ? "more than" : "at least"} ${
        amount(issue.minimum, issue.origin)
      }`;
    case "too_big":
      return `expected ${issue.inclusive === false ? "less than" : "at most"} ${
        amount(issue.maximum, issue.origin)
      }`;
    case "invalid_format":
      return issue.format === "regex"
        ? `expected text of the form ${issue.pattern ?? "that the API document gives"}`
        : `expected ${FORMAT_NAMES[issue.format] ?? issue.format}`;
    case "invalid_value":
      return `expected ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "unrecognized_keys":
      return `unknown key ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}`;
    default:
      return issue.message ?? "it is not valid";
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "an object",
  array: "a list",
};
const FORMAT_NAMES: Readonly<Record<string, string>> = {
  uuid: "a UUID",
  base64: "base64",
  url: "a URL",
};
const UNITS: Readonly<Record<string, readonly [one: string, many: string]>> = {
  string: ["character", "characters"],
  array: ["item", "items"],
};

function amount(count: number | bigint, origin: string): string {
  const unit = UNITS[origin];
  if (unit === undefined) return String(count);
  return `${count} ${Number(count) === 1 ? unit[0] : unit[1]}`;
}

/** The value at the path as it was sent, where quoting it helps and gives nothing away. */
function quote(sent: unknown, path: readonly PropertyKey[]): string {
  let value = sent;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return "";
    value = Reflect.get(value, step);
  }
  const isPlain = typeof value === "string" || typeof value === "number";
  if (!isPlain || SECRET_FIELDS.has(String(path.at(-1)))) return "";
  const text = oneLine(String(value));
  const short = text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text;
  return ` ${JSON.stringify(short)}`;
}

function oneLine(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ");
  return line.length > MAX_QUOTED_LENGTH ? `${line.slice(0, MAX_QUOTED_LENGTH)}…` : line;
}
