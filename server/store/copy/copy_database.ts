import type { Kysely } from "kysely";
import { StoreError } from "../store_error.ts";
import type { Tables } from "../tables.ts";
import { type CopiedTable, type Driver, listCopiedTables } from "./table_catalog.ts";
import { readRows, RowDigest, writeRows } from "./table_rows.ts";

/** A database of the newest schema, and which kind it is. */
export interface CopyEnd {
  readonly database: Kysely<Tables>;
  readonly driver: Driver;
  /** How messages name it. */
  readonly name?: string;
}

/**
 * Copies every row into an empty database in one transaction, and reads all of it back: nothing is there unless everything is,
 * value for value.
 *
 * @param verify looks at the copy before it is committed.
 * @param tell hears of each table that is copied and compared.
 * @throws {StoreError} if the target is not empty, or a table came out different.
 */
export async function copyDatabase(
  source: CopyEnd,
  target: CopyEnd,
  { verify, tell }: {
    verify(copy: Kysely<Tables>): Promise<void>;
    tell(table: { readonly name: string; readonly rows: number }): void;
  },
): Promise<void> {
  const tables = await listCopiedTables(source.database, source.driver);
  await target.database.transaction().execute(async (copy) => {
    const places = new Map(
      (await listCopiedTables(copy, target.driver)).map((table) => [table.name, table]),
    );
    await assertEmpty(copy, [...places.values()], target.name);
    for (const table of tables) {
      const place = places.get(table.name);
      if (!place) throw new StoreError(`Cannot copy table ${table.name}: the target has none`);
      const read = new RowDigest();
      for await (const rows of readRows(source.database, table)) {
        read.add(rows);
        await writeRows(copy, table, rows);
      }
      const written = new RowDigest();
      // In the order of the source's columns: those of the target may stand in another.
      for await (const rows of readRows(copy, { ...table, key: place.key })) written.add(rows);
      if (read.rows !== written.rows || read.end() !== written.end()) {
        throw new StoreError(
          `Cannot copy table ${table.name}: ${read.rows} rows were read and ${written.rows} came out, or not as they were. Nothing was changed`,
        );
      }
      tell({ name: table.name, rows: read.rows });
    }
    await verify(copy);
  });
}

/** @throws {StoreError} naming the first table that has a row. */
export async function assertEmpty(
  database: Kysely<Tables>,
  tables: readonly CopiedTable[],
  name = "a database",
): Promise<void> {
  for (const table of tables) {
    for await (const _rows of readRows(database, table)) {
      throw new StoreError(
        `Cannot copy into ${name}, which is not empty: table ${table.name} has rows. Empty it, or name another`,
      );
    }
  }
}
