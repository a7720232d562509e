import { type Kysely, sql } from "kysely";
import type { Tables } from "../tables.ts";

/** Which database it is, where they differ. */
export type Driver = "sqlite" | "postgres";

/** A table as a copy needs to know it. */
export interface CopiedTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** Columns of the primary key, in their order: rows are read by it, in pages. */
  readonly key: readonly string[];
}

/**
 * All tables but that of the schema's steps, each after those that its rows refer to, asked of the database itself: what a
 * later step of the schema adds is copied too.
 *
 * @throws {Error} if a table has no primary key.
 */
export async function listCopiedTables(
  database: Kysely<Tables>,
  driver: Driver,
): Promise<CopiedTable[]> {
  const catalog = driver === "sqlite" ? await readSqlite(database) : await readPostgres(database);
  const waiting = new Map(
    catalog.filter(({ name }) => name !== "schema_migrations").map((table) => [table.name, table]),
  );
  const ordered: CopiedTable[] = [];
  while (waiting.size > 0) {
    const ready = [...waiting.values()].filter(({ name, parents }) =>
      !parents.some((parent) => parent !== name && waiting.has(parent))
    );
    if (ready.length === 0) throw new Error("Cannot order tables that refer to each other");
    for (const { name, columns, key } of ready.sort((a, b) => a.name < b.name ? -1 : 1)) {
      if (key.length === 0) throw new Error(`Cannot copy table ${name}: it has no primary key`);
      ordered.push({ name, columns, key });
      waiting.delete(name);
    }
  }
  return ordered;
}

interface CatalogTable extends CopiedTable {
  readonly parents: readonly string[];
}

async function readSqlite(database: Kysely<Tables>): Promise<CatalogTable[]> {
  const { rows } = await sql<{ name: string }>`
    SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`.execute(
    database,
  );
  const tables: CatalogTable[] = [];
  for (const { name } of rows) {
    const columns = await sql<{ name: string; pk: number }>`
      SELECT name, pk FROM pragma_table_info(${name}) ORDER BY cid`.execute(database);
    const parents = await sql<{ name: string }>`
      SELECT DISTINCT "table" AS name FROM pragma_foreign_key_list(${name})`.execute(database);
    tables.push({
      name,
      columns: columns.rows.map((column) => column.name),
      key: columns.rows.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk)
        .map((column) => column.name),
      parents: parents.rows.map((parent) => parent.name),
    });
  }
  return tables;
}

async function readPostgres(database: Kysely<Tables>): Promise<CatalogTable[]> {
  const { rows } = await sql<CatalogTable>`
    select c.relname as name,
      (select json_agg(a.attname order by a.attnum) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
      coalesce((select json_agg(a.attname order by k.place) from pg_constraint p
        cross join lateral unnest(p.conkey) with ordinality as k(attnum, place)
        join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
        where p.conrelid = c.oid and p.contype = 'p'), '[]') as key,
      coalesce((select json_agg(distinct f.relname) from pg_constraint r
        join pg_class f on f.oid = r.confrelid
        where r.conrelid = c.oid and r.contype = 'f'), '[]') as parents
    from pg_class c
    where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace`.execute(database);
  return rows;
}
