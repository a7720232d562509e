import { identifiedTraits } from "../../shared/templates/identified_traits.ts";
import { ProblemList, quote } from "../stacks/problem_list.ts";
import type { Hostcrate, StackTree } from "../stacks/stack_tree.ts";
import { runSteps, type Steps } from "../steps/steps.ts";
import {
  type CompiledHost,
  compileHostcrateInSteps,
  findHostcrate,
  type HostFacts,
} from "./compile_host.ts";
import { COMPILE_LIMITS, type CompileLimits } from "./compile_limits.ts";
import { EntryKinds } from "./entry_inputs.ts";
import { PolicyMemory } from "./policy_memory.ts";
import { HostInputs, type ReadSet } from "./read_sets.ts";
import { ALL_TRAITS } from "./trait_reads.ts";

/**
 * Most results kept, of all entries together. Hosts that have data of their own in their policy need one each, which is kept for
 * nobody: it is put together again from parts.
 */
export const MAX_RESULTS = 1000;
/** Most different sets of reads tried for those: each costs a digest. More come only from templates full of branches. */
const MAX_READ_SETS = 8;

/** Results of compilations that looked at the same traits and variables, by what they saw there. */
interface KnownResults {
  readonly reads: ReadSet;
  readonly results: Map<string, CompiledHost>;
}

/**
 * Compiles hosts of one tree and remembers policies by the traits and variables that they looked at: hosts that are alike in
 * these cost one compilation between them, so that a fleet with an entry for each host costs no more than one with a pattern. Of a
 * host that has data of its own in its policy those resources alone are rendered which read it. The memory is bounded; what falls
 * out is compiled again.
 */
export class PolicyCompiler {
  readonly #known = new Map<string, Map<ReadSet, KnownResults>>();
  readonly #kinds = new EntryKinds();
  readonly #memory = new PolicyMemory();
  /** All results, the one that was not asked for longest first, with where each is kept. */
  readonly #kept = new Map<
    CompiledHost,
    { readonly results: KnownResults["results"]; readonly state: string }
  >();

  constructor(readonly tree: StackTree, private readonly limits: CompileLimits = COMPILE_LIMITS) {}

  /** How often something had to be rendered: a declaration, or a crate with a `foreach`, for one host. */
  get rendered(): number {
    return this.#memory.parts.rendered;
  }

  /** All steps of {@linkcode compileInSteps} at once. */
  compile(host: HostFacts): CompiledHost {
    return runSteps(this.compileInSteps(host));
  }

  /**
   * The same answer as `compileHost`. A fault of the compiler that the traits of one host bring out is a refusal to that host:
   * whoever goes through the fleet goes on with the others.
   */
  *compileInSteps(host: HostFacts): Steps<CompiledHost> {
    const hostcrate = findHostcrate(this.tree, host.hostname);
    if (!hostcrate) {
      return yield* compileHostcrateInSteps(this.tree, undefined, host, this.#memory);
    }
    try {
      const traits = identifiedTraits(host);
      return yield* this.#compile(hostcrate, { hostname: host.hostname, traits });
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

  *#compile(hostcrate: Hostcrate, host: HostFacts): Steps<CompiledHost> {
    const kind = this.#kinds.kindOf(hostcrate);
    const sets = this.#known.get(kind) ?? new Map<ReadSet, KnownResults>();
    this.#known.set(kind, sets);
    const inputs = new HostInputs(hostcrate, host.traits);
    for (const { reads, results } of sets.values()) {
      const known = results.get(inputs.stateOf(reads));
      if (!known) continue;
      this.#keep(known, results, inputs.stateOf(reads));
      return known;
    }
    const { tree, limits } = this;
    const compiled = yield* compileHostcrateInSteps(
      tree,
      hostcrate,
      host,
      this.#memory,
      limits,
    );
    // A refusal may come from a limit, which another attempt may keep.
    if (compiled.ok) this.#remember(sets, compiled, inputs);
    return compiled;
  }

  #remember(
    sets: Map<ReadSet, KnownResults>,
    compiled: CompiledHost,
    inputs: HostInputs,
  ): void {
    const reads = this.#memory.parts.readSets.intern({
      traits: new Set(compiled.reads),
      variables: new Set(compiled.variables),
    });
    const set = sets.get(reads) ?? { reads, results: new Map<string, CompiledHost>() };
    if (!sets.has(reads)) {
      dropOldest(sets, MAX_READ_SETS);
      sets.set(reads, set);
    }
    const state = inputs.stateOf(reads);
    set.results.set(state, compiled);
    this.#keep(compiled, set.results, state);
  }

  /** Makes a result the newest, and forgets the oldest where there are too many. */
  #keep(compiled: CompiledHost, results: KnownResults["results"], state: string): void {
    this.#kept.delete(compiled);
    this.#kept.set(compiled, { results, state });
    for (const [oldest, { results: among, state: key }] of this.#kept) {
      if (this.#kept.size <= MAX_RESULTS) return;
      this.#kept.delete(oldest);
      among.delete(key);
    }
  }
}

function dropOldest<Key>(map: Map<Key, unknown>, limit: number): void {
  for (const key of map.keys()) {
    if (map.size < limit) return;
    map.delete(key);
  }
}
