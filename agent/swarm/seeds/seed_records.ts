import type { SeedRecord } from "./seed_record.ts";

/** What is known about the files in `seed/`, by their names and by their content. */
export class SeedRecords {
  readonly #records: Map<string, SeedRecord>;
  /** Names by the digest of their content, made when they are asked for. */
  #index: ReadonlyMap<string, readonly string[]> | undefined;

  constructor(records: Iterable<readonly [string, SeedRecord]> = []) {
    this.#records = new Map(records);
  }

  get(name: string): SeedRecord | undefined {
    return this.#records.get(name);
  }

  set(name: string, record: SeedRecord): void {
    if (this.#records.get(name)?.sha256 !== record.sha256) this.#index = undefined;
    this.#records.set(name, record);
  }

  delete(name: string): void {
    this.#records.delete(name);
    this.#index = undefined;
  }

  [Symbol.iterator](): Iterator<[string, SeedRecord]> & Iterable<[string, SeedRecord]> {
    return this.#records.entries();
  }

  /** Names by the digest of their content. */
  get byContent(): ReadonlyMap<string, readonly string[]> {
    this.#index ??= new Map(
      Map.groupBy(this.#records, ([, { sha256 }]) => sha256).entries()
        .map(([sha256, files]) => [sha256, files.map(([name]) => name)]),
    );
    return this.#index;
  }

  /** The files that hold a blob. */
  holding(sha256: string): [string, SeedRecord][] {
    return (this.byContent.get(sha256) ?? []).flatMap((name): [string, SeedRecord][] => {
      const record = this.#records.get(name);
      return record ? [[name, record]] : [];
    });
  }
}
