import { createHash } from "node:crypto";
import { type Kysely, sql } from "kysely";
import { z } from "zod";
import type { Tables } from "../tables.ts";
import type { CopiedTable } from "./table_catalog.ts";

/** Rows read, and written, at once: some hold a bundle or the output of a task, up to a few MiB each. */
const ROWS_PER_PAGE = 50;

/** What a column may hold: the same from either database. */
export type Value = string | number | null | Uint8Array;
export type Row = readonly Value[];

const rowSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.null(), z.instanceof(Uint8Array)]),
);

/** All rows of a table in the order of its key, a page at a time, with their values in the order of its columns. */
export async function* readRows(
  database: Kysely<Tables>,
  { name, columns, key }: CopiedTable,
): AsyncGenerator<Row[]> {
  const order = sql.join(key.map((column) => sql.ref(column)));
  let after: Row | undefined;
  while (true) {
    const beyond = after === undefined ? sql`` : sql`where (${order}) > (${sql.join(after)})`;
    const { rows } = await sql`select ${sql.join(columns.map((column) => sql.ref(column)))} from ${
      sql.table(name)
    } ${beyond} order by ${order} limit ${sql.lit(ROWS_PER_PAGE)}`
      .execute(database);
    const records = rows.map((row) => rowSchema.parse(row));
    if (records.length > 0) {
      yield records.map((record) => columns.map((column) => record[column] ?? null));
    }
    const last = records.at(-1);
    if (last === undefined || records.length < ROWS_PER_PAGE) return;
    after = key.map((column) => last[column] ?? null);
  }
}

/** Adds rows, with their values in the order of the columns. */
export async function writeRows(
  database: Kysely<Tables>,
  { name, columns }: Pick<CopiedTable, "name" | "columns">,
  rows: readonly Row[],
): Promise<void> {
  for (let from = 0; from < rows.length; from += ROWS_PER_PAGE) {
    const values = rows.slice(from, from + ROWS_PER_PAGE)
      .map((row) => sql`(${sql.join(row.map((value) => sql.val(value)))})`);
    await sql`insert into ${sql.table(name)} (${
      sql.join(columns.map((column) => sql.ref(column)))
    }) values ${sql.join(values)}`.execute(database);
  }
}

/** What a table holds, in short: equal for equal rows in either database. */
export class RowDigest {
  readonly #hash = createHash("sha256");
  rows = 0;

  add(rows: readonly Row[]): void {
    // PostgreSQL has no NUL in its texts; its driver is given another character for it.
    for (const row of rows) {
      this.#hash.update(`${encodeRow(row).replaceAll("\\u0000", "\uFFFD")}\n`);
    }
    this.rows += rows.length;
  }

  end(): string {
    return this.#hash.digest("hex");
  }
}

/** A row as one line of JSON. */
export function encodeRow(row: Row): string {
  return JSON.stringify(
    row.map((value) => value instanceof Uint8Array ? { base64: toBase64(value) } : value),
  );
}

const encodedRowSchema = z.array(z.union([
  z.string(),
  z.number(),
  z.null(),
  z.strictObject({ base64: z.base64() }).transform(({ base64 }) => Uint8Array.fromBase64(base64)),
]));

/** @throws {Error} if the value is no encoded row. */
export function decodeRow(value: unknown): Row {
  return encodedRowSchema.parse(value);
}

/** Of a plain array, since the driver's own kind has a `toJSON` and other methods of these names. */
function toBase64(bytes: Uint8Array): string {
  return new Uint8Array(bytes).toBase64();
}
