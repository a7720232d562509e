import { type Kysely, sql } from "kysely";
import type { Upkeep } from "../sql_store.ts";
import type { StoreStats } from "../store.ts";
import type { Tables } from "../tables.ts";

/**
 * How PostgreSQL looks after itself.
 *
 * @param patient a pool whose statements may take their time; it is closed after each use.
 */
export function postgresUpkeep(
  database: Kysely<Tables>,
  patient: <T>(work: (database: Kysely<Tables>) => Promise<T>) => Promise<T>,
): Upkeep {
  return {
    integrity: () => patient(checkAll),
    stats: () => readStats(database),
    vacuum: () => patient(vacuum),
  };
}

/** Reads every value of every row, which finds pages whose checksum is wrong and values that cannot be unpacked. */
async function checkAll(database: Kysely<Tables>): Promise<string[]> {
  const findings: string[] = [];
  for (const name of await listTables(database)) {
    try {
      await sql`select sum(length(t::text)) from ${sql.table(name)} as t`.execute(database);
    } catch (error) {
      findings.push(`table ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const invalid = await sql<{ name: string }>`
    select indexrelid::regclass::text as name from pg_index
    join pg_class on pg_class.oid = indrelid
    where relnamespace = current_schema()::regnamespace and not indisvalid`.execute(database);
  return [...findings, ...invalid.rows.map(({ name }) => `index ${name} is not valid`)];
}

async function readStats(database: Kysely<Tables>): Promise<StoreStats> {
  const tables: { name: string; rows: number }[] = [];
  for (const name of await listTables(database)) {
    const counted = await sql<{ count: number }>`select count(*) as count from ${sql.table(name)}`
      .execute(database);
    tables.push({ name, rows: counted.rows[0]?.count ?? 0 });
  }
  const migration = await database.selectFrom("schema_migrations")
    .select(({ fn }) => fn.max("number").as("number")).executeTakeFirst();
  return {
    driver: "postgres",
    schemaVersion: Number(migration?.number ?? 0),
    sizeBytes: await readSize(database),
    // It uses the room of removed rows again by itself, and does not tell how much there is.
    freeBytes: 0,
    tables,
  };
}

/** Full vacuums would lock whole tables; this one lets room be used again, and gives back what lies at the end of a table. */
async function vacuum(database: Kysely<Tables>): Promise<number> {
  const before = await readSize(database);
  for (const name of await listTables(database)) {
    await sql`vacuum (analyze) ${sql.table(name)}`.execute(database);
  }
  return Math.max(0, before - await readSize(database));
}

async function listTables(database: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = current_schema() order by 1`
    .execute(database);
  return rows.map(({ name }) => name);
}

/** Bytes on the disk of the database's host. */
export async function readSize(database: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ size: number }>`select pg_database_size(current_database()) as size`
    .execute(database);
  return rows[0]?.size ?? 0;
}
