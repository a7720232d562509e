import type { Configcrate, Hostcrate } from "../stacks/stack_tree.ts";
import type { DeclaredPart } from "./declared_part.ts";
import { PartMemory } from "./part_memory.ts";
import type { PolicySkeleton } from "./policy_skeleton.ts";

/** Most skeletons kept for hosts that get the same crates: more come only from names and paths that differ from host to host. */
const MAX_SKELETONS = 16;

/** What compiling one host leaves for the next ones: parts that both have, and the order in which they stand. */
export class PolicyMemory {
  readonly parts = new PartMemory();
  /** By list of crates, which entries share; the last one that fitted comes first. */
  readonly #skeletons = new Map<readonly Configcrate[], PolicySkeleton[]>();

  /** A skeleton for these parts, which have no problems. */
  find({ crates }: Hostcrate, parts: readonly DeclaredPart[]): PolicySkeleton | undefined {
    const known = this.#skeletons.get(crates) ?? [];
    const at = known.findIndex((skeleton) => skeleton.fits(parts));
    const [found] = at < 0 ? [] : known.splice(at, 1);
    if (found) known.unshift(found);
    return found;
  }

  add({ crates }: Hostcrate, skeleton: PolicySkeleton): void {
    const known = this.#skeletons.get(crates) ?? [];
    this.#skeletons.set(crates, [skeleton, ...known.slice(0, MAX_SKELETONS - 1)]);
  }
}
