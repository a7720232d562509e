import type { TraitRead } from "./trait_reads.ts";

/** What some work looked at: its result is the same for every host that looks the same there. */
export interface Looks {
  readonly traits: ReadonlySet<TraitRead>;
  /** Names of the host's own variables; the others may be anything. */
  readonly variables: ReadonlySet<string>;
}

interface OpenLooks {
  readonly traits: Set<TraitRead>;
  readonly variables: Set<string>;
}

/**
 * Notes what is looked at, for each piece of work on its own. Pieces may stand inside each other; what an inner one looks at counts
 * for the outer one as well.
 */
export class LookRecorder {
  readonly #open: OpenLooks[] = [];

  /** Begins a piece of work. */
  begin(): void {
    this.#open.push({ traits: new Set(), variables: new Set() });
  }

  /** Ends the piece that began last. */
  end(): Looks {
    const looks = this.#open.pop();
    if (!looks) throw new Error("unreachable: what ends has begun");
    this.include(looks);
    return looks;
  }

  /** Takes over what was looked at when a result was worked out that is used again. */
  include({ traits, variables }: Looks): void {
    const top = this.#open.at(-1);
    if (!top) return;
    for (const read of traits) top.traits.add(read);
    for (const name of variables) top.variables.add(name);
  }

  addTrait(read: TraitRead): void {
    this.#open.at(-1)?.traits.add(read);
  }

  addVariable(name: string): void {
    this.#open.at(-1)?.variables.add(name);
  }
}
