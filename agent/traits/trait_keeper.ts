import type { Json } from "../../shared/canonical/canonical_json.ts";
import { collectTraits, type FailedCollector } from "./collect_traits.ts";
import type { Collector, TraitSystem } from "./collector.ts";
import { fitTraits, MAX_STABLE_TRAITS_BYTES, MAX_VOLATILE_TRAITS_BYTES } from "./trait_bounds.ts";

/** The traits of this machine at one moment. */
export interface TraitSnapshot {
  readonly stable: Readonly<Record<string, Json>>;
  readonly volatile: Readonly<Record<string, Json>>;
  /** Collectors that gave nothing this time; of the stable ones the last known value stands. */
  readonly failed: readonly FailedCollector[];
}

/** Collectors that are found while the agent runs: programs of the operator's. All of them are stable. */
export interface FoundCollectors {
  readonly collectors: readonly Collector[];
  /** Why they could not be looked for; what was known of them stands then. */
  readonly problem?: FailedCollector;
}

/** Keeps the traits between cycles: volatile ones are always read, stable and sampled ones every so many cycles. */
export class TraitKeeper {
  readonly #collectors: readonly Collector[];
  readonly #system: TraitSystem;
  readonly #stableEvery: number;
  readonly #find: () => Promise<FoundCollectors>;
  readonly #busy = new Set<string>();
  #stable: Readonly<Record<string, Json>>;
  #sampled: Readonly<Record<string, Json>> = {};
  /** What failed of the traits that are read every so many cycles. */
  #failed: readonly FailedCollector[] = [];
  /** What was found but may not travel with the rest. */
  #leftOut: readonly FailedCollector[] = [];
  #cycle = 0;
  /** Stable traits that are known to have changed. */
  readonly #due = new Set<string>();

  /**
   * @param known stable traits of an earlier process: what fails now is taken from there.
   * @param find looks for the operator's collectors, whenever stable traits are read.
   */
  constructor(
    collectors: readonly Collector[],
    system: TraitSystem,
    stableEvery: number,
    known: Readonly<Record<string, Json>> = {},
    find: () => Promise<FoundCollectors> = () => Promise.resolve({ collectors: [] }),
  ) {
    this.#collectors = collectors;
    this.#system = system;
    this.#stableEvery = stableEvery;
    this.#stable = known;
    this.#find = find;
  }

  /**
   * Reads what is due. `fresh` reads everything, as a person who asks for traits wants; `signal` ends it early, as if what
   * has not answered by then had failed.
   */
  async refresh(
    { fresh = false, signal }: { readonly fresh?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<TraitSnapshot> {
    const isDue = fresh || this.#cycle % this.#stableEvery === 0;
    this.#cycle++;
    const collected = isDue ? await this.#readAll(signal) : await this.#readSome(signal);
    const ofCycle = this.#collectors.filter(isVolatile);
    const volatile = fitTraits(
      { ...this.#sampled, ...pick(collected.traits, ofCycle) },
      MAX_VOLATILE_TRAITS_BYTES,
      () => false,
    );
    const failedNow = collected.failed.filter(({ name }) =>
      ofCycle.some((collector) => collector.name === name)
    );
    return {
      stable: this.#stable,
      volatile: volatile.kept,
      failed: [...this.#failed, ...this.#leftOut, ...failedNow, ...volatile.leftOut],
    };
  }

  /** Has a stable trait read with the next cycle, since it is known to have changed. */
  readSoon(name: string): void {
    this.#due.add(name);
  }

  /** The volatile traits, and again what failed of the others or has changed, instead of that many cycles later. */
  async #readSome(signal: AbortSignal | undefined) {
    const failed = new Set([...this.#failed.map(({ name }) => name), ...this.#due]);
    this.#due.clear();
    const again = this.#collectors.filter((collector) =>
      !isVolatile(collector) && failed.has(collector.name)
    );
    const collected = await this.#collect(
      [...this.#collectors.filter(isVolatile), ...again],
      signal,
    );
    if (again.length > 0) {
      const tried = new Set(again.map(({ name }) => name));
      const others = this.#failed.filter(({ name }) => !tried.has(name));
      this.#keep(collected.traits, again);
      this.#failed = [...others, ...collected.failed.filter(({ name }) => tried.has(name))];
    }
    return collected;
  }

  async #readAll(signal: AbortSignal | undefined) {
    this.#due.clear();
    const { collectors: found, problem } = await this.#find();
    const all = [...this.#collectors, ...found];
    const collected = await this.#collect(all, signal);
    const kept = all.filter((collector) => !isVolatile(collector));
    // A collector that is gone takes its trait with it, unless nobody could look.
    if (problem === undefined) {
      const names = new Set(kept.map(({ name }) => name));
      this.#stable = Object.fromEntries(
        Object.entries(this.#stable).filter(([name]) => names.has(name)),
      );
    }
    this.#leftOut = [];
    this.#keep(collected.traits, kept);
    const keptNames = new Set(kept.map(({ name }) => name));
    this.#failed = [
      ...problem === undefined ? [] : [problem],
      ...collected.failed.filter(({ name }) => keptNames.has(name)),
    ];
    return collected;
  }

  #keep(traits: Readonly<Record<string, Json>>, collectors: readonly Collector[]): void {
    const builtIn = new Set(this.#collectors.map(({ name }) => name));
    const stable = collectors.filter(({ kind }) => kind === "stable");
    const fitted = fitTraits(
      { ...this.#stable, ...pick(traits, stable) },
      MAX_STABLE_TRAITS_BYTES,
      (name) => !builtIn.has(name),
    );
    this.#stable = fitted.kept;
    this.#leftOut = [
      ...this.#leftOut.filter(({ name }) => !(name in traits)),
      ...fitted.leftOut,
    ];
    const sampled = collectors.filter(({ isSampled }) => isSampled);
    this.#sampled = { ...this.#sampled, ...pick(traits, sampled) };
  }

  #collect(collectors: readonly Collector[], signal: AbortSignal | undefined) {
    return collectTraits(collectors, this.#system, {
      busy: this.#busy,
      ...(signal ? { signal } : {}),
    });
  }
}

/** All traits as one object, for resources and people; a collector's name is its key. */
export function allTraits({ stable, volatile }: TraitSnapshot): Record<string, Json> {
  return { ...stable, ...volatile };
}

/** Whether a trait is read at every cycle. */
function isVolatile({ kind, isSampled }: Collector): boolean {
  return kind === "volatile" && !isSampled;
}

function pick(
  traits: Readonly<Record<string, Json>>,
  collectors: readonly Collector[],
): Record<string, Json> {
  return Object.fromEntries(
    collectors.flatMap(({ name }) => {
      const value = traits[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}
