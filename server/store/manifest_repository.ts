import type { Kysely } from "kysely";
import { type ManifestEntry, manifestEntrySchema } from "../../shared/swarm/manifest_entry.ts";
import type { Atomically } from "./atomically.ts";
import { readColumn } from "./read_column.ts";
import type { ManifestRepository } from "./store.ts";
import type { Tables } from "./tables.ts";

/** Rows per statement: SQLite allows 32,766 parameters and a row has 4. */
const ROWS_PER_STATEMENT = 500;

export class SqlManifestRepository implements ManifestRepository {
  readonly #database: Kysely<Tables>;
  readonly #atomically: Atomically;

  constructor(
    database: Kysely<Tables>,
    atomically: Atomically,
  ) {
    this.#database = database;
    this.#atomically = atomically;
  }

  async saveAll(entries: readonly ManifestEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const newest = newestOfEachCell(entries);
    await this.#atomically(async (database) => {
      for (let start = 0; start < newest.length; start += ROWS_PER_STATEMENT) {
        const rows = newest.slice(start, start + ROWS_PER_STATEMENT).map((entry) => ({
          sha256: entry.sha256,
          author: entry.author,
          stamp: entry.stamp,
          entry: JSON.stringify(entry),
        }));
        await database.insertInto("manifest_entries").values(rows)
          .onConflict((conflict) =>
            conflict.columns(["sha256", "author"])
              .doUpdateSet(({ ref }) => ({
                stamp: ref("excluded.stamp"),
                entry: ref("excluded.entry"),
              }))
              .whereRef("excluded.stamp", ">=", "manifest_entries.stamp")
          ).execute();
      }
    });
  }

  async list(): Promise<ManifestEntry[]> {
    const rows = await this.#database.selectFrom("manifest_entries").select(["sha256", "entry"])
      .orderBy("sha256").orderBy("author").execute();
    return rows.map(({ sha256, entry }) =>
      readColumn(manifestEntrySchema, entry, `the manifest entry of ${sha256}`)
    );
  }

  async remove(cells: readonly { sha256: string; author: string }[]): Promise<void> {
    await this.#atomically(async (database) => {
      for (const { sha256, author } of cells) {
        await database.deleteFrom("manifest_entries")
          .where("sha256", "=", sha256).where("author", "=", author).execute();
      }
    });
  }
}

/** One entry for each cell: PostgreSQL refuses a statement that replaces a row twice. */
function newestOfEachCell(entries: readonly ManifestEntry[]): ManifestEntry[] {
  const newest = new Map<string, ManifestEntry>();
  for (const entry of entries) {
    const cell = `${entry.sha256} ${entry.author}`;
    const known = newest.get(cell);
    if (known === undefined || entry.stamp >= known.stamp) newest.set(cell, entry);
  }
  return [...newest.values()];
}
