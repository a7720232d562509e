import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { ProblemList } from "../stacks/problem_list.ts";
import type { StackTree } from "../stacks/stack_tree.ts";
import type { StackValue } from "../stacks/stack_value.ts";
import type { TemplateScope } from "../../shared/templates/template.ts";

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
  readonly params: Record<string, Json>;
  /** The same with numbers and booleans that came out of a template as text; undefined if there are none. */
  readonly asText: Record<string, Json> | undefined;
  readonly unknown: ReadonlySet<string>;
  /** Parameters that come from `defaults:`. */
  readonly defaulted: ReadonlySet<string>;
  placeOf(parameter: string): StackValue | undefined;
}
