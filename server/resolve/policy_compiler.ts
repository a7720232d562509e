import { canonicalJson } from "../../shared/canonical/canonical_json.ts";
import { type Sha256, sha256Hex } from "../../shared/crypto/sha256.ts";
import { identifiedTraits, type Traits } from "../../shared/templates/identified_traits.ts";
import { compareText, formatPlace } from "../stacks/problem_list.ts";
import type { Configcrate, Hostcrate, StackTree } from "../stacks/stack_tree.ts";
import {
  type CompiledHost,
  compileHostcrate,
  findHostcrate,
  type HostFacts,
} from "./compile_host.ts";
import { digestOfReads, type TraitRead } from "./trait_reads.ts";

/** Most results kept for entries that give the same; hosts whose policy names their own address need one each. */
const MAX_RESULTS = 1000;
/** Most different sets of reads tried for those: each costs a digest. More come only from templates full of branches. */
const MAX_READ_SETS = 8;

interface ReadSet {
  readonly reads: readonly TraitRead[];
  readonly results: Map<Sha256, CompiledHost>;
}

/**
 * Compiles hosts of one tree and remembers policies by what they read: hosts that are alike in that cost one compilation
 * between them. The memory is bounded; what falls out is compiled again.
 */
export class PolicyCompiler {
  readonly #known = new Map<string, Map<string, ReadSet>>();
  readonly #inputs = new Map<Hostcrate, string>();
  readonly #crateLists = new Map<readonly Configcrate[], number>();

  constructor(readonly tree: StackTree) {}

  /** The same answer as `compileHost`. */
  compile(host: HostFacts): CompiledHost {
    const hostcrate = findHostcrate(this.tree, host.hostname);
    const traits = identifiedTraits(host);
    if (!hostcrate) return compileHostcrate(this.tree, undefined, traits);
    const inputs = this.#inputs.get(hostcrate) ?? this.#inputsOf(hostcrate);
    this.#inputs.set(hostcrate, inputs);
    const sets = this.#known.get(inputs) ?? new Map<string, ReadSet>();
    this.#known.set(inputs, sets);
    for (const { reads, results } of sets.values()) {
      const known = results.get(digestOfReads(reads, traits));
      if (known) return known;
    }
    const compiled = compileHostcrate(this.tree, hostcrate, traits);
    // A refusal may come from a limit on time, which another attempt may keep.
    if (compiled.ok) remember(sets, compiled, traits);
    return compiled;
  }

  /**
   * What a host gets by its entry: entries that give the same crates and variables share their results, so that a fleet with
   * an entry for each host costs no more than one with a pattern. What is not constant is told apart by where it stands.
   */
  #inputsOf({ crates, vars, environment }: Hostcrate): string {
    const list = this.#crateLists.get(crates) ?? this.#crateLists.size;
    this.#crateLists.set(crates, list);
    const values = [...vars].sort(([a], [b]) => compareText(a, b)).map(([name, value]) => {
      const constant = "constant" in value ? value.constant : undefined;
      return constant === undefined ? [name, formatPlace(value.place)] : [name, [constant]];
    });
    return sha256Hex(canonicalJson([list, values, environment ?? null]));
  }
}

function remember(sets: Map<string, ReadSet>, compiled: CompiledHost, traits: Traits): void {
  const { reads } = compiled;
  const key = JSON.stringify([...reads].sort());
  const set = sets.get(key) ?? { reads, results: new Map<Sha256, CompiledHost>() };
  if (!sets.has(key)) {
    dropOldest(sets, MAX_READ_SETS);
    sets.set(key, set);
  }
  dropOldest(set.results, MAX_RESULTS);
  set.results.set(digestOfReads(reads, traits), compiled);
}

function dropOldest<Key>(map: Map<Key, unknown>, limit: number): void {
  for (const key of map.keys()) {
    if (map.size < limit) return;
    map.delete(key);
  }
}
