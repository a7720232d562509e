import { DatabaseSync } from "node:sqlite";
import { Kysely, SqliteDialect } from "kysely";
import { checkIntegrity } from "./check_integrity.ts";
import { migrate } from "./migrate.ts";
import type { Migration } from "./migrations/migration.ts";
import { NodeSqliteDatabase } from "./node_sqlite.ts";
import { createSqlStore } from "./sql_store.ts";
import { sqliteUpkeep } from "./sqlite_upkeep.ts";
import type { Store } from "./store.ts";
import { StoreError } from "./store_error.ts";
import type { Tables } from "./tables.ts";

/** Reads all of a database and names what is damaged; `signal` ends it when the store is closed. */
export type IntegrityCheck = (signal: AbortSignal) => Promise<string[]>;

/** How long a statement waits for a lock of another process, such as a backup; it also blocks the caller, so it is short. */
const BUSY_TIMEOUT_MS = 2_000;
/** Primary result codes (https://www.sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_CORRUPT = 11;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;

/**
 * Opens the database at `path`, checks it, and brings its schema up to date; creates it if nothing is there.
 *
 * `synchronous=FULL`: a commit has reached the disk when it returns, because enrolments, revocations and results are
 * acknowledged to machines that then forget them. Check-ins that change nothing never come here, so the price is paid
 * seldom.
 *
 * @throws {StoreError} one line with the file and what to do, if it is damaged, locked, of a newer version, or cannot be
 * opened. A damaged database is never repaired or replaced here.
 */
export async function openSqliteStore(
  path: string,
  options: {
    migrations?: readonly Migration[];
    busyTimeoutMs?: number;
    /** Where all of it is read: in this thread if absent, which then does nothing else. */
    checkIntegrity?: IntegrityCheck;
  } = {},
): Promise<Store> {
  const { database, file } = await openSqliteDatabase(path, options);
  const closing = new AbortController();
  const runAll = (statement: string) => void file.prepare(statement).all();
  const check = options.checkIntegrity ?? (() => Promise.resolve(checkIntegrity(file)));
  const upkeep = sqliteUpkeep(database, runAll, () => check(closing.signal));
  const store = createSqlStore(database, upkeep);
  return {
    ...store,
    close: () => {
      closing.abort();
      return store.close();
    },
  };
}

/**
 * The database itself, of the newest schema, for whoever copies all of it.
 *
 * @throws {StoreError} as {@linkcode openSqliteStore}.
 */
export async function openSqliteDatabase(
  path: string,
  { migrations, busyTimeoutMs = BUSY_TIMEOUT_MS }: {
    readonly migrations?: readonly Migration[];
    readonly busyTimeoutMs?: number;
  } = {},
): Promise<{ readonly database: Kysely<Tables>; readonly file: DatabaseSync }> {
  const file = openChecked(path, busyTimeoutMs);
  const database = connectSqlite(file);
  try {
    await migrate(database, path, migrations);
    return { database, file };
  } catch (error) {
    await database.destroy();
    throw explain(path, error);
  }
}

/** A database to read from, as it is, whoever writes it meanwhile. @throws {StoreError} if it cannot be opened. */
export function openSqliteReader(path: string): Kysely<Tables> {
  try {
    return connectSqlite(new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS }));
  } catch (error) {
    throw explain(path, error);
  }
}

function connectSqlite(file: DatabaseSync): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: new SqliteDialect({ database: new NodeSqliteDatabase(file) }),
  });
}

function openChecked(path: string, busyTimeoutMs: number): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, {
      timeout: busyTimeoutMs,
      enableForeignKeyConstraints: true,
    });
    // Not exec(), whose errors carry no result code.
    const { page_count: pages } = database.prepare("PRAGMA page_count").get() ?? {};
    // Before anything is written, so that pages can be given back in steps: later it takes a whole VACUUM.
    if (pages === 0) database.prepare("PRAGMA auto_vacuum = INCREMENTAL").get();
    database.prepare("PRAGMA journal_mode = WAL").get();
    database.prepare("PRAGMA synchronous = FULL").get();
    const rows = database.prepare("PRAGMA quick_check(1)").all();
    const finding = String(Object.values(rows[0] ?? { finding: "ok" })[0]);
    if (finding !== "ok") throw damaged(path, finding);
    return database;
  } catch (error) {
    if (database?.isOpen) database.close();
    throw explain(path, error);
  }
}

function explain(path: string, error: unknown): unknown {
  if (error instanceof StoreError || !(error instanceof Error)) return error;
  switch (resultCode(error)) {
    case SQLITE_BUSY:
      return new StoreError(
        `Cannot open database "${path}": another process holds a lock on it. Find it with: fuser -v "${path}"`,
        { cause: error },
      );
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return damaged(path, error.message, error);
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      return new StoreError(
        `Cannot open database "${path}": ${error.message}. Let the user of vigosrv write to the file and its folder`,
        { cause: error },
      );
    case undefined:
      return error;
    default:
      return new StoreError(`Cannot open database "${path}": ${error.message}`, { cause: error });
  }
}

/** The primary result code of an error of SQLite; extended codes carry it in their low byte. */
function resultCode(error: Error): number | undefined {
  if ("errcode" in error) return Number(error.errcode) & 0xff;
  // A failure to open the file has a code of its own but does not carry it.
  const isSqlite = "code" in error && error.code === "ERR_SQLITE_ERROR";
  return isSqlite && error.message.startsWith("unable to open") ? SQLITE_CANTOPEN : undefined;
}

function damaged(path: string, finding: string, cause?: unknown): StoreError {
  const line = finding.replaceAll(/\s+/g, " ").slice(0, 200);
  return new StoreError(
    `Cannot open database "${path}": it is damaged (${line}). Nothing was changed; restore it from a backup`,
    { cause },
  );
}
