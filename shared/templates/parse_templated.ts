import type { z } from "zod";
import type { Json } from "../canonical/canonical_json.ts";
import { type JsonPath, readAt, replaceAt } from "./json_place.ts";

/** Parameters of a resource, rendered and not yet validated. */
export interface TemplatedParameters {
  readonly params: Readonly<Record<string, Json>>;
  /** Where values came out of templates: a number or boolean there is written as text where the schema wants text. */
  readonly fromTemplates: readonly JsonPath[];
}

/**
 * Holds parameters against the schema of their type. A single `{{ … }}` has the type of what it names, so what was refused
 * is tried as text if it is a number or boolean that a template gave. The answer is that of the last attempt if it succeeds,
 * of the first otherwise.
 */
export function parseTemplated<Output>(
  schema: z.ZodType<Output>,
  { params, fromTemplates }: TemplatedParameters,
): z.ZodSafeParseResult<Output> {
  const parsed = schema.safeParse(params);
  if (parsed.success) return parsed;
  const asText = writeRefusedAsText({ params, fromTemplates }, parsed.error.issues);
  if (asText === params) return parsed;
  const retried = schema.safeParse(asText);
  return retried.success ? retried : parsed;
}

/** The parameters with what a template gave as a number or boolean as text, where an issue of the schema is about that. */
export function writeRefusedAsText(
  { params, fromTemplates }: TemplatedParameters,
  issues: readonly z.core.$ZodIssue[],
): Json {
  let asText: Json = params;
  for (const path of fromTemplates) {
    const value = readAt(params, path);
    if (typeof value !== "number" && typeof value !== "boolean") continue;
    const isRefused = issues.some((issue) =>
      issue.path.every((key, depth) => path[depth] === String(key))
    );
    if (isRefused) asText = replaceAt(asText, path, String(value));
  }
  return asText;
}
