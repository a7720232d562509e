import { identifiedTraits, type Traits } from "../../shared/templates/identified_traits.ts";
import { ProblemList, quote } from "../stacks/problem_list.ts";
import type { Hostcrate, StackTree } from "../stacks/stack_tree.ts";
import {
  type CompiledHost,
  compileHostcrate,
  findHostcrate,
  type HostFacts,
} from "./compile_host.ts";
import { EntryKinds, identifyVariables } from "./entry_inputs.ts";
import { ALL_TRAITS, digestOfReads, type TraitRead } from "./trait_reads.ts";

/** Most results kept for entries that give the same; hosts whose policy names their own address need one each. */
const MAX_RESULTS = 1000;
/** Most different sets of reads tried for those: each costs a digest. More come only from templates full of branches. */
const MAX_READ_SETS = 8;

/** Results of compilations that looked at the same traits and variables, by what they saw there. */
interface ReadSet {
  readonly reads: readonly TraitRead[];
  readonly variables: readonly string[];
  readonly results: Map<string, CompiledHost>;
}

/**
 * Compiles hosts of one tree and remembers policies by the traits and variables that they looked at: hosts that are alike in
 * these cost one compilation between them, so that a fleet with an entry for each host costs no more than one with a pattern. The memory is bounded; what falls out is compiled again.
 */
export class PolicyCompiler {
  readonly #known = new Map<string, Map<string, ReadSet>>();
  readonly #kinds = new EntryKinds();

  constructor(readonly tree: StackTree) {}

  /**
   * The same answer as `compileHost`. A fault of the compiler that the traits of one host bring out is a refusal to that host:
   * whoever goes through the fleet goes on with the others.
   */
  compile(host: HostFacts): CompiledHost {
    const hostcrate = findHostcrate(this.tree, host.hostname);
    if (!hostcrate) return compileHostcrate(this.tree, undefined, identifiedTraits(host));
    try {
      return this.#compile(hostcrate, identifiedTraits(host));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const problems = new ProblemList();
      problems.add(
        hostcrate.place,
        `the traits of ${quote(host.hostname)} cannot be compiled with: ${reason}`,
      );
      return { ok: false, problems: problems.sorted(), reads: [ALL_TRAITS], variables: [] };
    }
  }

  #compile(hostcrate: Hostcrate, traits: Traits): CompiledHost {
    const kind = this.#kinds.kindOf(hostcrate);
    const sets = this.#known.get(kind) ?? new Map<string, ReadSet>();
    this.#known.set(kind, sets);
    for (const set of sets.values()) {
      const known = set.results.get(identify(set, hostcrate, traits));
      if (known) return known;
    }
    const compiled = compileHostcrate(this.tree, hostcrate, traits);
    // A refusal may come from a limit on time, which another attempt may keep.
    if (compiled.ok) remember(sets, compiled, hostcrate, traits);
    return compiled;
  }
}

/** What a compilation that looks at these traits and variables sees of a host. */
function identify(
  { reads, variables }: Pick<ReadSet, "reads" | "variables">,
  hostcrate: Hostcrate,
  traits: Traits,
): string {
  return `${digestOfReads(reads, traits)} ${identifyVariables(variables, hostcrate)}`;
}

function remember(
  sets: Map<string, ReadSet>,
  compiled: CompiledHost,
  hostcrate: Hostcrate,
  traits: Traits,
): void {
  const { reads, variables } = compiled;
  const key = JSON.stringify([[...reads].sort(), variables]);
  const set = sets.get(key) ?? { reads, variables, results: new Map<string, CompiledHost>() };
  if (!sets.has(key)) {
    dropOldest(sets, MAX_READ_SETS);
    sets.set(key, set);
  }
  dropOldest(set.results, MAX_RESULTS);
  set.results.set(identify(set, hostcrate, traits), compiled);
}

function dropOldest<Key>(map: Map<Key, unknown>, limit: number): void {
  for (const key of map.keys()) {
    if (map.size < limit) return;
    map.delete(key);
  }
}
