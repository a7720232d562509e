import { sha256Hex } from "../../shared/crypto/sha256.ts";
import type { Traits } from "../../shared/templates/identified_traits.ts";
import type { Hostcrate } from "../stacks/stack_tree.ts";
import { identifyVariables } from "./entry_inputs.ts";
import type { Looks } from "./look_recorder.ts";
import { type ParsedRead, parseRead, stateAt, type TraitRead } from "./trait_reads.ts";

/** Longest state that is kept as it is, in characters; of longer ones, as of a list of packages, a digest stands for it. */
const MAX_STATE_LENGTH = 256;

/** Most sets that are kept apart; past them equal ones are found anew. Only traits that are lists make more. */
const MAX_SETS = 4000;

/** What some work looked at. Two that are equal are one object. */
export interface ReadSet {
  readonly traits: readonly TraitRead[];
  readonly variables: readonly string[];
  /** `traits`, ready to be looked up. */
  readonly parsed: readonly ParsedRead[];
}

/** Makes equal sets one object, so that a host's state in them is worked out once. */
export class ReadSets {
  readonly #known = new Map<string, ReadSet>();
  readonly #unions = new WeakMap<ReadSet, WeakMap<ReadSet, ReadSet>>();

  intern(looks: Looks): ReadSet {
    const traits = [...looks.traits].sort();
    const variables = [...looks.variables].sort();
    const key = JSON.stringify([traits, variables]);
    const known = this.#known.get(key) ?? { traits, variables, parsed: traits.map(parseRead) };
    if (this.#known.size >= MAX_SETS) this.#known.clear();
    this.#known.set(key, known);
    return known;
  }

  union(sets: Iterable<ReadSet>): ReadSet {
    let all: ReadSet | undefined;
    for (const set of sets) all = all && all !== set ? this.#unite(all, set) : set;
    return all ?? this.intern({ traits: new Set(), variables: new Set() });
  }

  #unite(a: ReadSet, b: ReadSet): ReadSet {
    const unions = this.#unions.get(a) ?? new WeakMap<ReadSet, ReadSet>();
    this.#unions.set(a, unions);
    const union = unions.get(b) ?? this.intern({
      traits: new Set([...a.traits, ...b.traits]),
      variables: new Set([...a.variables, ...b.variables]),
    });
    unions.set(b, union);
    return union;
  }
}

/** What a policy is worked out from for one host, as keys. */
export class HostInputs {
  readonly #states = new Map<ReadSet, string>();

  /** @param traits with the hostname in them, see `identifiedTraits`. */
  constructor(private readonly hostcrate: Hostcrate, private readonly traits: Traits) {}

  /** The same for all hosts in which `set` sees the same. */
  stateOf(set: ReadSet): string {
    const known = this.#states.get(set) ?? this.#describe(set);
    this.#states.set(set, known);
    return known;
  }

  #describe({ parsed, variables }: ReadSet): string {
    let state = "";
    for (const read of parsed) {
      const text = stateAt(read, this.traits);
      // With its length in front no text can be taken for two.
      state += `${text.length}:${text}`;
    }
    if (variables.length > 0) state += ` ${identifyVariables(variables, this.hostcrate)}`;
    return state.length <= MAX_STATE_LENGTH ? state : sha256Hex(state);
  }
}
