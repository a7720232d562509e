import type { Kysely } from "kysely";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { Migration } from "../store/migrations/migration.ts";
import { openSqliteDatabase } from "../store/open_sqlite_store.ts";
import type { CopyEnd } from "../store/copy/copy_database.ts";
import { openPostgresDatabase } from "../store/postgres/open_postgres_store.ts";
import { postgresName, type PostgresSettings } from "../store/postgres/postgres_settings.ts";
import type { Tables } from "../store/tables.ts";

/** A database that this process has for itself. */
export interface OwnDatabase extends CopyEnd, AsyncDisposable {
  readonly database: Kysely<Tables>;
  /** How messages name it. */
  readonly name: string;
}

/**
 * Opens a database for this process alone, of the newest schema or of the one that `migrations` make.
 *
 * @param postgres where it is; otherwise it is the file at `path`.
 * @throws {StoreError} one line, if it cannot be opened or a server uses it.
 */
export async function openOwnDatabase(
  { path, postgres, migrations }: {
    readonly path: string;
    readonly postgres: PostgresSettings | undefined;
    readonly migrations?: readonly Migration[];
  },
): Promise<OwnDatabase> {
  const schema = migrations ? { migrations } : {};
  if (postgres === undefined) {
    const { database } = await openSqliteDatabase(path, schema);
    return own({ database, driver: "sqlite", name: `"${path}"` });
  }
  const database = await openPostgresDatabase(postgres, {
    use: "alone",
    isTimed: false,
    mustExist: false,
    ...schema,
  });
  return own({ database, driver: "postgres", name: postgresName(postgres) });
}

function own(end: CopyEnd & { readonly name: string }): OwnDatabase {
  return { ...end, [Symbol.asyncDispose]: () => end.database.destroy() };
}

/** @throws {UserError} if there is something at the path already. */
export async function assertNothingAt(path: string, what: string): Promise<void> {
  try {
    await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  throw new UserError(`Cannot ${what}: "${path}" is there already. Move it away first`);
}
