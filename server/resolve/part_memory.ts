import type { Configcrate, Hostcrate } from "../stacks/stack_tree.ts";
import { canonicalJson } from "../../shared/canonical/canonical_json.ts";
import { compareText } from "../stacks/problem_list.ts";
import type { CrateHead, DeclaredPart } from "./declared_part.ts";
import { type HostInputs, type ReadSet, ReadSets } from "./read_sets.ts";

/** What is remembered of parts at most in each of two generations, in characters. */
const MAX_WEIGHT = 24 * 1024 * 1024;
/** What remembering a part costs beside its texts. */
const PART_WEIGHT = 512;
/** Most different sets of reads tried for one part. More come only from templates full of branches. */
const MAX_VARIANTS = 8;

interface Remembered {
  readonly reads: ReadSet;
}

interface Variant<Part> {
  readonly reads: ReadSet;
  young: Map<string, Part>;
  old: Map<string, Part>;
}

/** The results of one piece of work, by what it saw of each host. */
export class Slot<Part extends Remembered> {
  #variants: Variant<Part>[] = [];

  find(inputs: HostInputs): Part | undefined {
    for (const { reads, young, old } of this.#variants) {
      const state = inputs.stateOf(reads);
      const part = young.get(state);
      if (part) return part;
      const aged = old.get(state);
      if (!aged) continue;
      young.set(state, aged);
      return aged;
    }
    return undefined;
  }

  put(part: Part, inputs: HostInputs): void {
    let variant = this.#variants.find(({ reads }) => reads === part.reads);
    if (!variant) {
      if (this.#variants.length >= MAX_VARIANTS) this.#variants.shift();
      variant = { reads: part.reads, young: new Map(), old: new Map() };
      this.#variants.push(variant);
    }
    variant.young.set(inputs.stateOf(part.reads), part);
  }

  /** Forgets what was not asked for since the last time. Answers whether anything is left. */
  age(): boolean {
    for (const variant of this.#variants) {
      variant.old = variant.young;
      variant.young = new Map();
    }
    this.#variants = this.#variants.filter(({ old }) => old.size > 0);
    return this.#variants.length > 0;
  }
}

/** What is remembered of one crate for hosts with variables of the same names and the same environment. */
export class CrateMemory {
  readonly #declarations = new WeakMap<object, Slot<DeclaredPart>[]>();
  readonly head = new Slot<CrateHead>();
  readonly whole = new Slot<DeclaredPart>();

  constructor(private readonly crate: Configcrate) {}

  /** One slot for each declaration; what is rendered follows from the conditions of the crate as well. */
  slots(conditions: object): readonly Slot<DeclaredPart>[] {
    const known = this.#declarations.get(conditions) ??
      this.crate.resources.map(() => new Slot<DeclaredPart>());
    this.#declarations.set(conditions, known);
    return known;
  }
}

/**
 * Remembers what crates give by what they looked at, so that of a host's policy only that is rendered which no other host has. What
 * was not used for long is forgotten: the memory keeps within a size, and a part that is missing is rendered again.
 */
export class PartMemory {
  readonly readSets = new ReadSets();
  readonly #crates = new Map<string, Map<Configcrate, CrateMemory>>();
  readonly #byHostcrate = new WeakMap<Hostcrate, Map<Configcrate, CrateMemory>>();
  readonly #used = new Set<Slot<Remembered>>();
  #weight = 0;

  /** Parts rendered so far. */
  rendered = 0;

  /** Finds the memory of a crate, for a host of a `match:` entry. */
  crateOf(hostcrate: Hostcrate, crate: Configcrate): CrateMemory {
    const crates = this.#byHostcrate.get(hostcrate) ?? this.#cratesFor(hostcrate);
    this.#byHostcrate.set(hostcrate, crates);
    const known = crates.get(crate) ?? new CrateMemory(crate);
    crates.set(crate, known);
    return known;
  }

  #cratesFor({ vars, environment }: Hostcrate): Map<Configcrate, CrateMemory> {
    const key = canonicalJson([environment ?? null, [...vars.keys()].sort(compareText)]);
    const crates = this.#crates.get(key) ?? new Map<Configcrate, CrateMemory>();
    this.#crates.set(key, crates);
    return crates;
  }

  remember<Part extends Remembered>(
    slot: Slot<Part>,
    part: Part,
    inputs: HostInputs,
    weight: number,
  ): void {
    this.#weight += weight + PART_WEIGHT;
    if (this.#weight > MAX_WEIGHT) {
      this.#weight = 0;
      for (const used of this.#used) if (!used.age()) this.#used.delete(used);
    }
    slot.put(part, inputs);
    // Ageing does not look at what the parts are.
    this.#used.add(slot as unknown as Slot<Remembered>);
  }
}
