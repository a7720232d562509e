import { join } from "node:path";
import { type Kysely, sql } from "kysely";
import { VERSION } from "../../shared/config/version.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { CopyEnd } from "../store/copy/copy_database.ts";
import { listCopiedTables } from "../store/copy/table_catalog.ts";
import { encodeRow, readRows } from "../store/copy/table_rows.ts";
import { ALL_MIGRATIONS } from "../store/migrations/all_migrations.ts";
import type { Tables } from "../store/tables.ts";
import { BACKUP_ENTRIES, BACKUP_FORMAT, type BackupRecord } from "./backup_format.ts";

/** Minted anew at each start. */
const LEFT_OUT = ["secrets/local.token"];

/**
 * All that a server needs to go on elsewhere, while one may run: the database as it was at one moment, and after it the files,
 * which are only ever replaced as a whole. A version that was published between the two is completed from `.live` at the next
 * start, as after a crash.
 *
 * @param configFile the configuration in force, wherever it lies.
 * @param tell hears of each table.
 */
export async function* readState(
  source: CopyEnd,
  folder: string,
  configFile: string,
  tell: (name: string, rows: number) => void,
): AsyncGenerator<Exclude<BackupRecord, { kind: "end" }>> {
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin, reject: fail } = Promise.withResolvers<Kysely<Tables>>();
  const snapshot = source.driver === "sqlite"
    // Its transactions see one moment by themselves.
    ? source.database.transaction()
    : source.database.transaction().setIsolationLevel("repeatable read").setAccessMode("read only");
  const running = snapshot.execute(async (database) => {
    begin(database);
    await over;
  });
  running.catch(fail);
  try {
    yield* readDatabase(await begun, source.driver, tell);
  } finally {
    end();
    await running;
  }
  for (const entry of BACKUP_ENTRIES) {
    yield* readFiles(folder, entry, entry === "server.yaml" ? configFile : undefined);
  }
}

async function* readDatabase(
  database: Kysely<Tables>,
  driver: CopyEnd["driver"],
  tell: (name: string, rows: number) => void,
): AsyncGenerator<Exclude<BackupRecord, { kind: "end" }>> {
  const { rows } = await sql<{ number: number }>`
    select max(number) as number from schema_migrations`.execute(database);
  const schemaVersion = rows[0]?.number ?? 0;
  if (schemaVersion !== ALL_MIGRATIONS.length) {
    throw new UserError(
      `Cannot back up a database of schema ${schemaVersion}: this vigosrv has ${ALL_MIGRATIONS.length}. Use the version that runs`,
    );
  }
  yield {
    kind: "header",
    format: BACKUP_FORMAT,
    version: VERSION,
    createdAtMs: Date.now(),
    schemaVersion,
  };
  for (const table of await listCopiedTables(database, driver)) {
    yield { kind: "table", name: table.name, columns: [...table.columns] };
    let count = 0;
    for await (const page of readRows(database, table)) {
      for (const row of page) yield { kind: "row", values: JSON.parse(encodeRow(row)) };
      count += page.length;
    }
    tell(table.name, count);
  }
}

async function* readFiles(
  folder: string,
  path: string,
  elsewhere?: string,
): AsyncGenerator<Extract<BackupRecord, { kind: "file" }>> {
  if (LEFT_OUT.includes(path) || path.includes("/.tmp-")) return;
  const place = elsewhere ?? join(folder, path);
  try {
    const { isFile, isDirectory, mode } = await (elsewhere ? Deno.stat : Deno.lstat)(place);
    if (isDirectory) {
      const names = (await Array.fromAsync(Deno.readDir(place))).map(({ name }) => name).sort();
      for (const name of names) yield* readFiles(folder, `${path}/${name}`);
    } else if (isFile) {
      const bytes = await Deno.readFile(place);
      yield { kind: "file", path, mode: (mode ?? 0o600) & 0o777, base64: bytes.toBase64() };
    }
  } catch (error) {
    // Retention may remove an old version, and an operator a stack, while they are read.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
