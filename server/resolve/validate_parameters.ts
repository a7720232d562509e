import type { z } from "zod";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import { nearestName } from "../../shared/naming/nearest_name.ts";
import { parseJsonPointer, replaceAt } from "../../shared/templates/json_place.ts";
import { parseTemplated, writeRefusedAsText } from "../../shared/templates/parse_templated.ts";
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
 * reporting what is wrong. While some are unknown, or for the machine to fill in, only the others are looked at, and come
 * back without defaults.
 */
export function validateParameters(
  candidate: Candidate,
  context: RenderContext,
): Readonly<Record<string, Json>> | undefined {
  const schema = context.tree.catalog.schemas[candidate.declaration.type];
  if (!schema) {
    throw new Error(`unreachable: a resource of type "${candidate.declaration.type}" was read`);
  }
  const isWhole = candidate.unknown.size === 0 && candidate.deferred.length === 0;
  const { params, fromTemplates, defaulted } = candidate;
  if (isWhole) {
    const parsed = parse(schema, { params, fromTemplates, defaulted });
    if (parsed.success) return asParams(parsed.data);
    for (const issue of parsed.error.issues.map(mostSpecific)) report(issue, candidate, context);
    return undefined;
  }
  const refused = issuesOf(schema, candidate);
  if (refused.length === 0) return params;
  // Of what travels as it is a number of a template is written as text here, where the schema wants that.
  const asText = asParams(writeRefusedAsText({ params, fromTemplates }, refused));
  if (issuesOf(schema, { ...candidate, params: asText }).length === 0) return asText;
  for (const issue of refused) report(issue, candidate, context);
  return undefined;
}

/** What is wrong with the parameters that are known. */
function issuesOf(schema: z.ZodType, candidate: Candidate): z.core.$ZodIssue[] {
  const parsed = parse(schema, {
    params: withPlaceholders(candidate),
    fromTemplates: [],
    defaulted: candidate.defaulted,
  });
  return (parsed.error?.issues ?? []).map(mostSpecific)
    .filter((issue) => concernsKnown(issue, candidate));
}

/** What is unknown or deferred stands as empty text, so that rules between parameters see that it is there. */
function withPlaceholders(
  { params, unknown, deferred }: Candidate,
): Readonly<Record<string, Json>> {
  const placeholders = [...unknown].map((key) => [key === "source" ? "content" : key, ""]);
  let all: Json = { ...params, ...Object.fromEntries(placeholders) };
  for (const { at } of deferred) all = replaceAt(all, parseJsonPointer(at), "");
  return asParams(all);
}

function parse(
  schema: z.ZodType,
  { params, fromTemplates, defaulted }: Pick<Candidate, "params" | "fromTemplates" | "defaulted">,
): z.ZodSafeParseResult<unknown> {
  const parsed = parseTemplated(schema, { params, fromTemplates });
  // A default serves every resource of its type; where a variant does not know the parameter it does not apply.
  const refused =
    parsed.error?.issues.flatMap((issue) =>
      issue.code === "unrecognized_keys" && issue.path.length === 0 ? issue.keys : []
    ).filter((key) => defaulted.has(key)) ?? [];
  if (refused.length === 0) return parsed;
  const remaining = Object.entries(params).filter(([key]) => !refused.includes(key));
  return parseTemplated(schema, { params: Object.fromEntries(remaining), fromTemplates });
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

function concernsKnown(
  issue: z.core.$ZodIssue,
  { unknown, deferred }: Candidate,
): boolean {
  const [key] = issue.path;
  const isDeferred = deferred.some(({ at }) => {
    const path = parseJsonPointer(at);
    const depth = Math.min(path.length, issue.path.length);
    return depth > 0 &&
      path.slice(0, depth).every((part, each) => part === String(issue.path[each]));
  });
  if (isDeferred) return false;
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
