import type { z } from "zod";
import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import type { resourceChangeSchema } from "../../shared/rest/config.ts";
import { RecentMap } from "./recent_map.ts";
import { diffResources, isSameResource } from "./resource_diff.ts";

type ResourceChange = z.infer<typeof resourceChangeSchema>;

/** A change, with a number that is the same for changes that read the same. */
export interface NumberedChange {
  readonly number: number;
  readonly change: ResourceChange;
}

/** Most pairs remembered at least: of what hosts have in common, and not of what each has of its own. */
const MAX_PAIRS = 30_000;
/** Stands for a resource that is not there. */
const NOTHING = {};

interface KnownPair {
  readonly from: BundleResource | undefined;
  readonly to: BundleResource | undefined;
  readonly change: NumberedChange | "none";
}

/** Compares each pair of resources once, while it is remembered: compilers give hosts the same object for what they have in common. */
export class ResourceChanges {
  readonly #pairs = new RecentMap<object, KnownPair>(MAX_PAIRS);
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
    // What is new is compared with nothing, and found by itself.
    const key = from ?? to ?? NOTHING;
    const known = this.#pairs.get(key);
    if (known && known.from === from && known.to === to) return known.change;
    const change = this.#describe(from, to);
    this.#pairs.set(key, { from, to, change });
    return change;
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
