import type { z } from "zod";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { JsonPath } from "../../shared/templates/json_place.ts";
import {
  parseTemplated,
  type TemplatedParameters,
} from "../../shared/templates/parse_templated.ts";
import type { ApplyContext, Change, Finding, ResourceType } from "./resource.ts";

/** Parameters as they come to a resource type: filled in, not yet held against its schema. */
export interface GivenParameters extends TemplatedParameters {
  /** Where a secret stands, or text that holds one: what is refused there is named and never shown. */
  readonly secretPlaces: readonly JsonPath[];
}

/** A resource type together with parameters that its schema has accepted. */
export interface BoundResource {
  /** What will be applied, defaults included. */
  readonly params: Readonly<Record<string, Json>>;
  /** See {@linkcode ResourceType.reliesOnOthers}. */
  readonly reliesOnOthers: boolean;
  check(context: ApplyContext): Promise<Finding>;
  apply(context: ApplyContext): Promise<Change>;
  settles(context: ApplyContext): boolean;
}

export type Binding =
  | { readonly ok: true; readonly resource: BoundResource }
  | { readonly ok: false; readonly reason: string };

/** Parameters that were written as they are, without templates and secrets. */
export function literalParameters(params: Readonly<Record<string, Json>>): GivenParameters {
  return { params, fromTemplates: [], secretPlaces: [] };
}

/** Holds parameters against the schema of their type. */
export function bindResource<Params>(
  type: ResourceType<Params>,
  given: GivenParameters,
): Binding {
  const parsed = parseTemplated(type.schema, given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => describeIssue(issue, given.secretPlaces));
    return {
      ok: false,
      reason: `Cannot read the parameters of ${type.type}: ${problems.join("; ")}`,
    };
  }
  const params = parsed.data;
  return {
    ok: true,
    resource: {
      // What a schema of parameters returns is JSON; see RESOURCE_SCHEMAS.
      params: params as Readonly<Record<string, Json>>,
      reliesOnOthers: type.reliesOnOthers?.(params) ?? false,
      check: (context) => type.check(params, context),
      apply: (context) => type.apply(params, context),
      settles: (context) => type.settles?.(params, context) ?? true,
    },
  };
}

function describeIssue(
  { path, message, code }: z.core.$ZodIssue,
  secretPlaces: readonly JsonPath[],
): string {
  const place = path.map(String);
  const secret = secretPlaces.find((other) =>
    place.every((key, depth) => depth >= other.length || other[depth] === key)
  );
  // A message may quote what it refuses. Names of unknown parameters are no values.
  const isShown = secret === undefined || code === "unrecognized_keys";
  const said = isShown
    ? message
    : "is not what is expected there; it holds a secret and is not shown";
  const named = isShown ? place : secret;
  return named.length === 0 ? said : `${named.join(".")}: ${said}`;
}
