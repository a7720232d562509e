import {
  HandleEmptyInListsPlugin,
  Kysely,
  PostgresDialect,
  replaceWithNoncontingentExpression,
  sql,
} from "kysely";
import { migrate } from "../migrate.ts";
import type { Migration } from "../migrations/migration.ts";
import { createSqlStore } from "../sql_store.ts";
import type { Store } from "../store.ts";
import { StoreError } from "../store_error.ts";
import type { Tables } from "../tables.ts";
import { explainPostgresError } from "./explain_postgres_error.ts";
import { createPostgresPool, type PoolOptions } from "./postgres_pool.ts";
import { postgresName, type PostgresSettings } from "./postgres_settings.ts";
import { PostgresTypesPlugin } from "./postgres_types_plugin.ts";
import { postgresUpkeep, readSize } from "./postgres_upkeep.ts";

/** The oldest version that still gets corrections, as `server_version_num` has it. */
const MIN_SERVER_VERSION = 140_000;
/** Who changes the schema, and who is in a transaction: one at a time, of all servers on the database. */
const MIGRATION_LOCK = 5_648_070_002;
const TRANSACTION_LOCK = 5_648_070_003;

/**
 * Opens a PostgreSQL database and brings its schema up to date; an empty one gets its tables.
 *
 * Transactions take turns, of all servers on one database: so the work in one sees what SQLite would show it, and whoever
 * looks first and writes then is never overtaken. Reads outside of them go on meanwhile.
 *
 * @throws {StoreError} one line that says what to do, if the database cannot be reached, does not let this user in, is
 * missing, of a newer version, or too old.
 */
export async function openPostgresStore(
  settings: PostgresSettings,
  { migrations, mustExist = false }: {
    readonly migrations?: readonly Migration[];
    /** Refuses a database without tables, where keys tell that there was a fleet. */
    readonly mustExist?: boolean;
  } = {},
): Promise<Store & { sizeBytes(): Promise<number> }> {
  const database = await openPostgresDatabase(settings, {
    use: "server",
    isTimed: true,
    mustExist,
    ...(migrations ? { migrations } : {}),
  });
  const patient = async <T>(work: (database: Kysely<Tables>) => Promise<T>) => {
    const own = connectPostgres(settings, { use: "reader", isTimed: false });
    try {
      return await work(own);
    } finally {
      await own.destroy();
    }
  };
  return {
    ...createSqlStore(database, postgresUpkeep(database, patient), takeTurn),
    sizeBytes: () => readSize(database),
  };
}

/** A database of the newest schema, for whoever copies all of it. @throws {StoreError} as {@linkcode openPostgresStore}. */
export async function openPostgresDatabase(
  settings: PostgresSettings,
  { use, isTimed, mustExist, migrations }: PoolOptions & {
    readonly mustExist: boolean;
    readonly migrations?: readonly Migration[];
  },
): Promise<Kysely<Tables>> {
  const database = connectPostgres(settings, { use, isTimed });
  try {
    await assertUsable(database, settings);
    if (mustExist && !await hasSchema(database)) {
      throw new StoreError(
        `Refusing to start: database ${
          postgresName(settings)
        } has no tables, but this fleet has been set up. Copy its database there with vigosrv db move, or restore a backup`,
      );
    }
    await database.connection().execute(async (connection) => {
      await sql`select pg_advisory_lock(${sql.lit(MIGRATION_LOCK)})`.execute(connection);
      try {
        const plugged = connection.withPlugin(new PostgresTypesPlugin());
        await migrate(plugged, postgresName(settings), migrations);
      } finally {
        await sql`select pg_advisory_unlock(${sql.lit(MIGRATION_LOCK)})`.execute(connection);
      }
    });
    return database;
  } catch (error) {
    await database.destroy();
    throw explainPostgresError(settings, error);
  }
}

/** A database as it is; nothing is looked at before the first statement. */
export function connectPostgres(settings: PostgresSettings, options: PoolOptions): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: createPostgresPool(settings, options) }),
    // SQLite takes a list of nothing, which holds nothing; here it is a mistake of the language.
    plugins: [new HandleEmptyInListsPlugin({ strategy: replaceWithNoncontingentExpression })],
  });
}

/** Whether there are tables of a vigosrv. */
export async function hasSchema(database: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select to_regclass('schema_migrations') is not null as found`.execute(database);
  return rows[0]?.found === true;
}

async function takeTurn(transaction: Kysely<Tables>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${sql.lit(TRANSACTION_LOCK)})`.execute(transaction);
}

async function assertUsable(
  database: Kysely<Tables>,
  settings: PostgresSettings,
): Promise<void> {
  const { rows } = await sql<{ version: string; encoding: string }>`
    select current_setting('server_version_num') as version,
      current_setting('server_encoding') as encoding`.execute(database);
  const { version = "0", encoding = "" } = rows[0] ?? {};
  const name = postgresName(settings);
  if (Number(version) < MIN_SERVER_VERSION) {
    throw new StoreError(
      `Cannot open database ${name}: its PostgreSQL is version ${
        Math.trunc(Number(version) / 10_000)
      }. Use version ${MIN_SERVER_VERSION / 10_000} or newer`,
    );
  }
  if (encoding !== "UTF8") {
    throw new StoreError(
      `Cannot open database ${name}: its encoding is ${encoding}. Create one with --encoding UTF8`,
    );
  }
}
