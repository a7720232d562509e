import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import type { ConfigProblem } from "../../shared/rest/config.ts";
import type { ReadSet } from "./read_sets.ts";
import type { RenderedResource } from "./rendered_resource.ts";
import type { OpenCondition } from "./resolve_condition.ts";
import { weighJson } from "./weigh_json.ts";

/** What came of one declaration, or of one crate that has a `foreach`, for all hosts that look the same to it. */
export interface DeclaredPart {
  readonly resources: readonly RenderedResource[];
  readonly skippedIds: readonly string[];
  readonly skippedTypes: readonly string[];
  readonly problems: readonly ConfigProblem[];
  readonly reads: ReadSet;
  /** In characters, see `weighJson`. */
  readonly weight: number;
  /** Equal for parts that a graph cannot tell apart. */
  readonly shape: string;
  /** For each resource how it stands in bundles: once for each set of neighbours that it has there. */
  readonly bundled: BundleResource[][];
}

/** Whether a crate's condition holds, and what of it is for the machine to decide. */
export interface CrateHead {
  readonly conditions: readonly OpenCondition[];
  readonly state: "given" | "left out" | "wrong";
  readonly problems: readonly ConfigProblem[];
  readonly reads: ReadSet;
}

export function weighResource({ params, deferred, when }: RenderedResource): number {
  return weighJson(params) + weighJson(deferred) + weighJson(when);
}

/** Everything that a graph looks at. */
export function shapeOf(
  { resources, skippedIds, skippedTypes }: Pick<
    DeclaredPart,
    "resources" | "skippedIds" | "skippedTypes"
  >,
): string {
  const ids = (references: RenderedResource["dependsOn"]) => references.map(({ id }) => id);
  return JSON.stringify([
    resources.map(({ id, isNameUnknown, facts, dependsOn, before, notify, subscribes }) => [
      id,
      isNameUnknown,
      facts,
      ids(dependsOn),
      ids(before),
      ids(notify),
      ids(subscribes),
    ]),
    skippedIds,
    skippedTypes,
  ]);
}
