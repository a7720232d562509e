import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import type { Place } from "../stacks/problem_list.ts";
import type { GraphFacts, KnownParameters } from "./graph_facts.ts";

/** A resource with its templates rendered and its parameters valid, not yet ordered. */
export interface RenderedResource extends KnownParameters {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  /** Whether the name depends on traits that are not known; `name` is then the text of its template. */
  readonly isNameUnknown: boolean;
  readonly crate: string;
  readonly place: Place;
  readonly facts: GraphFacts;
  readonly when: BundleResource["when"];
  readonly dependsOn: readonly Reference[];
  readonly before: readonly Reference[];
  readonly notify: readonly Reference[];
  readonly subscribes: readonly Reference[];
}

/** A resource named by another. */
export interface Reference {
  readonly id: string;
  readonly place: Place;
}

/** Resources that a host does not get because their conditions are false. */
export interface SkippedResources {
  readonly ids: Set<string>;
  /** Types of which some have names that cannot be worked out. */
  readonly types: Set<string>;
}
