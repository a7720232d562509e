import type { BundleResource, ResourceId } from "../../shared/config/policy_bundle.ts";
import { formatPlace } from "../stacks/problem_list.ts";
import type { DeclaredPart } from "./declared_part.ts";
import type { RenderedResource } from "./rendered_resource.ts";
import type { ResourceGraph } from "./resource_graph.ts";

/** Whom a resource waits for and tells. */
type Neighbours = Pick<BundleResource, "dependsOn" | "notify">;

/**
 * The order and the edges of a policy, without what its resources say. They hold for all hosts of which the parts have the same
 * shapes, so that for most of a fleet they are worked out once.
 */
export class PolicySkeleton {
  readonly #neighbours: readonly Neighbours[];
  /** For each resource, as declared, its place in the bundle. */
  readonly #stepOf: readonly number[];
  readonly #bundle: readonly BundleResource[];

  constructor(
    readonly parts: readonly DeclaredPart[],
    { resources, needs, notifies }: ResourceGraph,
    order: readonly number[],
  ) {
    const ids = (positions: Iterable<number>) =>
      [...positions].map((position) => resources[position]?.id).filter((id) => id !== undefined)
        .sort().map(asResourceId);
    this.#neighbours = resources.map((_, position) => ({
      dependsOn: ids(needs[position]?.keys() ?? []),
      notify: ids(notifies[position] ?? []),
    }));
    const stepOf = resources.map(() => 0);
    for (const [step, position] of order.entries()) stepOf[position] = step;
    this.#stepOf = stepOf;
    this.#bundle = this.#place([], parts, () => true);
  }

  /** Whether a graph of these parts would be this one. */
  fits(parts: readonly DeclaredPart[]): boolean {
    return parts.length === this.parts.length && parts.every((part, at) => {
      const own = this.parts[at];
      return part === own || part.shape === own?.shape;
    });
  }

  /** The bundle of parts that fit: resources that other hosts have too are the same objects. */
  bundle(parts: readonly DeclaredPart[]): readonly BundleResource[] {
    return parts.every((part, at) => part === this.parts[at])
      ? this.#bundle
      : this.#place([...this.#bundle], parts, (part, at) => part !== this.parts[at]);
  }

  /** Puts the resources of some parts at their steps. */
  #place(
    bundle: BundleResource[],
    parts: readonly DeclaredPart[],
    isPlaced: (part: DeclaredPart, at: number) => boolean,
  ): readonly BundleResource[] {
    let position = 0;
    for (const [at, part] of parts.entries()) {
      if (!isPlaced(part, at)) {
        position += part.resources.length;
        continue;
      }
      for (const [index, resource] of part.resources.entries()) {
        const neighbours = this.#neighbours[position], step = this.#stepOf[position];
        if (!neighbours || step === undefined) throw new Error("unreachable: each has a step");
        bundle[step] = bundleResource(resource, part.bundled[index] ?? [], neighbours);
        position++;
      }
    }
    return bundle;
  }
}

/** A resource as it stands in bundles. `known` holds how it does so already, and is added to. */
function bundleResource(
  resource: RenderedResource,
  known: BundleResource[],
  { dependsOn, notify }: Neighbours,
): BundleResource {
  const same = known.find((one) =>
    isSameList(one.dependsOn, dependsOn) && isSameList(one.notify, notify)
  );
  if (same) return same;
  const bundled: BundleResource = {
    id: asResourceId(resource.id),
    type: resource.type,
    name: resource.name,
    crate: resource.crate,
    source: formatPlace(resource.place),
    dependsOn,
    notify,
    ...(resource.when ? { when: resource.when } : {}),
    // JSON either way; the type of the bundle only does not say that nobody writes to it.
    params: resource.params as BundleResource["params"],
    ...(resource.deferred.length > 0 ? { deferred: [...resource.deferred] } : {}),
  };
  known.push(bundled);
  return bundled;
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a === b || a.length === b.length && a.every((id, at) => id === b[at]);
}

function asResourceId(id: string): ResourceId {
  // Made of a type of the catalogue, a colon and a name that is not empty.
  return id as ResourceId;
}
