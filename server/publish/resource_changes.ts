import type { z } from "zod";
import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import type { resourceChangeSchema } from "../../shared/rest/config.ts";
import { diffResources, isSameResource } from "./resource_diff.ts";

type ResourceChange = z.infer<typeof resourceChangeSchema>;

/** A change, with a number that is the same for changes that read the same. */
export interface NumberedChange {
  readonly number: number;
  readonly change: ResourceChange;
}

/** Stands for a resource that is not there. */
const NOTHING = {};

/** Compares each pair of resources once: compilers give hosts the same object for what they have in common. */
export class ResourceChanges {
  readonly #pairs = new WeakMap<object, WeakMap<object, NumberedChange | "none">>();
  readonly #changes = new Map<string, NumberedChange>();

  /** What changes between two policies: first what is new or another, then what is gone, both in the order of the policies. */
  compare(from: readonly BundleResource[], to: readonly BundleResource[]): NumberedChange[] {
    const gone = new Map<string, BundleResource>(from.map((resource) => [resource.id, resource]));
    const changes: NumberedChange[] = [];
    const note = (change: NumberedChange | "none") => {
      if (change !== "none") changes.push(change);
    };
    for (const resource of to) {
      const old = gone.get(resource.id);
      gone.delete(resource.id);
      if (old !== resource) note(this.#comparePair(old, resource));
    }
    for (const resource of gone.values()) note(this.#comparePair(resource, undefined));
    return changes;
  }

  #comparePair(
    from: BundleResource | undefined,
    to: BundleResource | undefined,
  ): NumberedChange | "none" {
    const pairs = this.#pairs.get(from ?? NOTHING) ??
      new WeakMap<object, NumberedChange | "none">();
    this.#pairs.set(from ?? NOTHING, pairs);
    const known = pairs.get(to ?? NOTHING) ?? this.#describe(from, to);
    pairs.set(to ?? NOTHING, known);
    return known;
  }

  #describe(
    from: BundleResource | undefined,
    to: BundleResource | undefined,
  ): NumberedChange | "none" {
    const resource = to ?? from;
    if (!resource || from && to && isSameResource(from, to)) return "none";
    const { id, crate } = resource;
    const kind = !from ? "added" : !to ? "removed" : "changed";
    const change: ResourceChange = { id, change: kind, crate, diff: diffResources(from, to) };
    const key = JSON.stringify(change);
    const known = this.#changes.get(key) ?? { number: this.#changes.size, change };
    this.#changes.set(key, known);
    return known;
  }
}
