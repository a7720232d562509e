import { setImmediate } from "node:timers/promises";
import { type Kysely, sql } from "kysely";
import type { Upkeep } from "./sql_store.ts";
import type { StoreStats } from "./store.ts";
import type { Tables } from "./tables.ts";

/** Pages given back in one step: a few ms, between which the server answers. */
const PAGES_PER_STEP = 500;
/** PRAGMA auto_vacuum of a database whose free pages can be given back in steps. */
const INCREMENTAL = 2;

/**
 * How SQLite looks after itself. It answers on the server's thread, so what is done there goes in steps.
 *
 * @param runAll runs a statement to its end. Of one without columns a query takes a single step, which is one page of an
 * incremental vacuum.
 * @param integrity reads everything, which no step could be short enough for, elsewhere.
 */
export function sqliteUpkeep(
  database: Kysely<Tables>,
  runAll: (statement: string) => void,
  integrity: () => Promise<string[]>,
): Upkeep {
  return {
    integrity,
    stats: () => readStats(database),
    vacuum: () => vacuum(database, runAll),
  };
}

async function readStats(database: Kysely<Tables>): Promise<StoreStats> {
  const pageBytes = await readNumber(database, "page_size");
  const tables: { name: string; rows: number }[] = [];
  for (const name of await listTables(database)) {
    const counted = await sql<{ count: number }>`SELECT count(*) AS count FROM ${sql.table(name)}`
      .execute(database);
    tables.push({ name, rows: counted.rows[0]?.count ?? 0 });
    await setImmediate();
  }
  const migration = await database.selectFrom("schema_migrations")
    .select(({ fn }) => fn.max("number").as("number")).executeTakeFirst();
  return {
    driver: "sqlite",
    schemaVersion: Number(migration?.number ?? 0),
    sizeBytes: pageBytes * await readNumber(database, "page_count"),
    freeBytes: pageBytes * await readNumber(database, "freelist_count"),
    tables,
  };
}

/**
 * Gives free pages back in small steps. A database from before it was made for that is rewritten once, as a whole: nothing
 * else is answered meanwhile.
 */
async function vacuum(
  database: Kysely<Tables>,
  runAll: (statement: string) => void,
): Promise<number> {
  const pageBytes = await readNumber(database, "page_size");
  const before = await readNumber(database, "page_count");
  if (await readNumber(database, "auto_vacuum") === INCREMENTAL) {
    // Others may free pages meanwhile; what was free at the start is enough.
    for (
      let left = await readNumber(database, "freelist_count");
      left > 0;
      left -= PAGES_PER_STEP
    ) {
      await database.connection().execute(() => {
        runAll(`PRAGMA incremental_vacuum(${PAGES_PER_STEP})`);
        return Promise.resolve();
      });
      await setImmediate();
    }
  } else {
    await sql`PRAGMA auto_vacuum = INCREMENTAL`.execute(database);
    await sql`VACUUM`.execute(database);
  }
  await sql`PRAGMA wal_checkpoint(TRUNCATE)`.execute(database);
  return Math.max(0, before - await readNumber(database, "page_count")) * pageBytes;
}

async function listTables(database: Kysely<Tables>): Promise<string[]> {
  const tables = await sql<{ name: string }>`
    SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`
    .execute(database);
  return tables.rows.map(({ name }) => name);
}

async function readNumber(
  database: Kysely<Tables>,
  pragma: "page_size" | "page_count" | "freelist_count" | "auto_vacuum",
): Promise<number> {
  const { rows } = await sql<Record<string, number>>`PRAGMA ${sql.raw(pragma)}`.execute(database);
  return Number(rows[0]?.[pragma] ?? 0);
}
