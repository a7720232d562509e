import type { Json } from "../../shared/canonical/canonical_json.ts";
import { collectTraits } from "./collect_traits.ts";
import type { Collector, TraitSystem } from "./collector.ts";

/** The traits of this machine at one moment. */
export interface TraitSnapshot {
  readonly stable: Readonly<Record<string, Json>>;
  readonly volatile: Readonly<Record<string, Json>>;
  /** Collectors that gave nothing this time; of the stable ones the last known value stands. */
  readonly failed: readonly { readonly name: string; readonly reason: string }[];
}

/** Keeps the traits between cycles: volatile ones are always read, stable ones every so many cycles. */
export class TraitKeeper {
  readonly #collectors: readonly Collector[];
  readonly #system: TraitSystem;
  readonly #stableEvery: number;
  #stable: Readonly<Record<string, Json>>;
  #stableFailed: TraitSnapshot["failed"] = [];
  #cycle = 0;

  /** @param known stable traits of an earlier process: what fails now is taken from there. */
  constructor(
    collectors: readonly Collector[],
    system: TraitSystem,
    stableEvery: number,
    known: Readonly<Record<string, Json>> = {},
  ) {
    this.#collectors = collectors;
    this.#system = system;
    this.#stableEvery = stableEvery;
    this.#stable = known;
  }

  /** Reads what is due. `fresh` reads everything, as a person who asks for traits wants. */
  async refresh({ fresh = false } = {}): Promise<TraitSnapshot> {
    const stableDue = fresh || this.#cycle % this.#stableEvery === 0 ||
      // What failed is tried again at once instead of ten cycles later.
      this.#stableFailed.length > 0;
    this.#cycle++;
    const due = this.#collectors.filter(({ kind }) => kind === "volatile" || stableDue);
    const { traits, failed } = await collectTraits(due, this.#system);
    const of = (kind: Collector["kind"]) =>
      Object.fromEntries(
        due.filter((collector) => collector.kind === kind && collector.name in traits)
          .map(({ name }) => [name, traits[name] ?? null]),
      );
    if (stableDue) {
      this.#stable = { ...this.#stable, ...of("stable") };
      const stableNames = new Set(
        this.#collectors.filter(({ kind }) => kind === "stable").map(({ name }) => name),
      );
      this.#stableFailed = failed.filter(({ name }) => stableNames.has(name));
    }
    const volatileFailed = failed.filter((failure) => !this.#stableFailed.includes(failure));
    return {
      stable: this.#stable,
      volatile: of("volatile"),
      failed: [...this.#stableFailed, ...volatileFailed],
    };
  }
}

/** All traits as one object, for resources and people; a collector's name is its key. */
export function allTraits({ stable, volatile }: TraitSnapshot): Record<string, Json> {
  return { ...stable, ...volatile };
}
