import type { z } from "zod";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import { nearestName } from "../../shared/naming/nearest_name.ts";
import { quote } from "../stacks/problem_list.ts";
import type { ResourceDeclaration } from "../stacks/stack_tree.ts";
import { placeInside } from "./place_inside.ts";
import type { RenderContext, RenderedParameters } from "./render_context.ts";

/** A resource whose parameters are to be looked at. */
interface Candidate extends RenderedParameters {
  readonly id: string;
  readonly declaration: ResourceDeclaration;
}

/**
 * Holds parameters against the schema of their type and returns them with its defaults filled in, or undefined after
 * reporting what is wrong. While some are unknown only the others are looked at, and come back as they are.
 */
export function validateParameters(
  candidate: Candidate,
  context: RenderContext,
): Record<string, Json> | undefined {
  const schema = context.tree.catalog.schemas[candidate.declaration.type];
  if (!schema) {
    throw new Error(`unreachable: a resource of type "${candidate.declaration.type}" was read`);
  }
  const typed = parse(schema, withPlaceholders(candidate), candidate.defaulted);
  if (typed.success) return candidate.unknown.size > 0 ? candidate.params : asParams(typed.data);
  // Where a parameter wants text, a number that a variable holds is written as text.
  const retried = candidate.asText && parse(schema, candidate.asText, candidate.defaulted);
  if (retried?.success) return asParams(retried.data);
  const issues = typed.error.issues.map(mostSpecific).filter((issue) =>
    candidate.unknown.size === 0 || concernsKnown(issue, candidate)
  );
  for (const issue of issues) report(issue, candidate, context);
  return issues.length === 0 ? candidate.params : undefined;
}

/** Unknown parameters stand as empty text, so that rules between parameters see that they are there. */
function withPlaceholders({ params, unknown }: Candidate): Record<string, Json> {
  const placeholders = [...unknown].map((key) => [key === "source" ? "content" : key, ""]);
  return { ...params, ...Object.fromEntries(placeholders) };
}

function parse(
  schema: z.ZodType,
  params: Readonly<Record<string, Json>>,
  defaulted: ReadonlySet<string>,
): z.ZodSafeParseResult<unknown> {
  const parsed = schema.safeParse(params);
  // A default serves every resource of its type; where a variant does not know the parameter it does not apply.
  const refused =
    parsed.error?.issues.flatMap((issue) =>
      issue.code === "unrecognized_keys" && issue.path.length === 0 ? issue.keys : []
    ).filter((key) => defaulted.has(key)) ?? [];
  if (refused.length === 0) return parsed;
  const remaining = Object.entries(params).filter(([key]) => !refused.includes(key));
  return schema.safeParse(Object.fromEntries(remaining));
}

function asParams(data: unknown): Record<string, Json> {
  // Schemas of resources are objects of JSON, and what they return is JSON again; their tests hold them to it.
  return data as Record<string, Json>;
}

/** Of a union's issues those of the variant that fits best. */
function mostSpecific(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union" || !issue.message.startsWith("Invalid input")) return issue;
  const [best] = [...issue.errors].sort((a, b) => a.length - b.length);
  const inner = best?.[0];
  return inner ? { ...inner, path: [...issue.path, ...inner.path] } : issue;
}

function concernsKnown(issue: z.core.$ZodIssue, { unknown }: Candidate): boolean {
  const [key] = issue.path;
  if (key === undefined) return issue.code === "unrecognized_keys" && !unknown.has("ensure");
  return typeof key === "string" && !unknown.has(key);
}

function report(
  issue: z.core.$ZodIssue,
  { id, declaration, params, placeOf }: Candidate,
  { problems }: RenderContext,
): void {
  const [key, ...below] = issue.path;
  const reason = issue.message.replace(/^Invalid input: /, "").replace(/, received undefined$/, "");
  if (issue.code === "unrecognized_keys" && key === undefined) {
    const place = issue.keys.map((name) => declaration.keyPlaces.get(name)).find(Boolean);
    problems.add(place ?? declaration.place, `${id}: ${reason}`);
    return;
  }
  if (typeof key !== "string") {
    problems.add(declaration.place, `${id}: ${reason}`);
    return;
  }
  if (!Object.hasOwn(params, key)) {
    problems.add(declaration.place, `${id} needs ${quote(key)}: ${reason}`);
    return;
  }
  const { place, written } = placeInside(placeOf(key), below, declaration.place);
  const value = below.reduce<unknown>(memberOf, params[key]);
  const shown = typeof value === "string" || written === undefined ? quote(value) : written;
  problems.add(
    place,
    `"${issue.path.join(".")}" of ${id} is ${shown}: ${reason}${hint(issue, value)}`,
  );
}

function memberOf(value: unknown, key: PropertyKey): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

function hint(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code !== "invalid_value" || typeof value !== "string") return "";
  const nearest = nearestName(value, issue.values.filter((known) => typeof known === "string"));
  return nearest === undefined ? "" : `. Did you mean ${quote(nearest)}?`;
}
