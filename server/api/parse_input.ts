import { z } from "zod";
import { ApiError } from "./api_error.ts";

/** Longest value quoted back to the caller, in characters. */
const MAX_QUOTED_LENGTH = 320;

/**
 * Parses what a caller sent.
 *
 * @param what the value is part of, as in `body` or `query`.
 * @throws {ApiError} 400 with the first thing that is wrong and where.
 */
export function parseInput<Schema extends z.ZodType>(
  what: string,
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = [what, ...(issue?.path ?? [])].map(String).join(".");
  throw new ApiError(400, `Cannot read ${path}: ${oneLine(issue?.message ?? "it is not valid")}`);
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

function oneLine(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ");
  return line.length > MAX_QUOTED_LENGTH ? `${line.slice(0, MAX_QUOTED_LENGTH)}…` : line;
}
