import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { DeferredValue } from "../../shared/config/policy_bundle.ts";
import type { JsonPath } from "../../shared/templates/json_place.ts";
import type { TemplateScope } from "../../shared/templates/template.ts";
import type { ProblemList } from "../stacks/problem_list.ts";
import type { StackTree } from "../stacks/stack_tree.ts";
import type { StackValue } from "../stacks/stack_value.ts";

/** What rendering needs beside the resource. */
export interface RenderContext {
  readonly tree: StackTree;
  readonly scope: TemplateScope;
  /** The `defaults:` of the crate for this type. */
  readonly defaults: ReadonlyMap<string, StackValue>;
  readonly problems: ProblemList;
}

/** The parameters of a resource, rendered and not yet validated. */
export interface RenderedParameters {
  readonly params: Readonly<Record<string, Json>>;
  readonly fromTemplates: readonly JsonPath[];
  /** What the machine works out; nothing of it is in `params`, or null in a list. */
  readonly deferred: readonly DeferredValue[];
  /** Parameters of which nothing is known: without a host's traits, or since they cannot be read. */
  readonly unknown: ReadonlySet<string>;
  /** Parameters that come from `defaults:`. */
  readonly defaulted: ReadonlySet<string>;
  placeOf(parameter: string): StackValue | undefined;
}
