import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { Place } from "../stacks/problem_list.ts";

/** A resource with its templates rendered and its parameters valid, not yet ordered. */
export interface RenderedResource {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly crate: string;
  readonly place: Place;
  readonly params: Readonly<Record<string, Json>>;
  /** Parameters that cannot be known without a host's traits. */
  readonly unknown: ReadonlySet<string>;
  readonly whenChanged: boolean;
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
