import type { PostgresPool, PostgresPoolClient } from "kysely";
import pg from "pg";
import { postgresName, type PostgresSettings } from "./postgres_settings.ts";
import { StoreError } from "../store_error.ts";

/** Connections of one server: transactions take turns anyway, and reads are short. */
const MAX_CONNECTIONS = 4;
/** How long the database has to accept a connection. */
const CONNECT_TIMEOUT_MS = 10_000;
/** How long a statement may take before its connection is given up: a network may swallow the answer. */
const STATEMENT_TIMEOUT_MS = 60_000;

/** Object ids of types (catalog pg_type). */
const INT8 = 20;
const INT8_ARRAY = 1016;
const NUMERIC = 1700;

/** Session lock that every server shares, and that whoever needs the database for itself takes alone. */
export const USE_LOCK = 5_648_070_001;

export interface PoolOptions {
  /** `server` shares the database with others like it; `alone` refuses while one uses it; `reader` does not ask. */
  readonly use: "server" | "alone" | "reader";
  /** Without it a statement takes as long as it takes: for copies and checks, by a person who waits. */
  readonly isTimed: boolean;
}

/**
 * Connections to PostgreSQL in the form that kysely expects. A connection that was lost, or whose answer did not come, is
 * never used again; the next statement gets a new one, so that a database that went away and came back is used again.
 */
export function createPostgresPool(
  settings: PostgresSettings,
  { use, isTimed }: PoolOptions,
): PostgresPool {
  const options: pg.PoolConfig = {
    host: settings.host,
    port: settings.port,
    database: settings.database,
    user: settings.user,
    // A function, so that neither ~/.pgpass nor the environment is asked.
    password: () => settings.password ?? "",
    ssl: settings.tls
      ? { rejectUnauthorized: true, ...(settings.tls.ca ? { ca: settings.tls.ca } : {}) }
      : false,
    application_name: "vigosrv",
    // Named, so that no variable of the environment is read for them.
    client_encoding: "UTF8",
    options: "-c timezone=UTC",
    sslnegotiation: "postgres",
    // Whoever needs the database alone holds its lock by one connection.
    max: use === "server" ? MAX_CONNECTIONS : 1,
    // One stays, since the lock on the database ends with its connection.
    min: 1,
    idleTimeoutMillis: 0,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    ...(isTimed ? { query_timeout: STATEMENT_TIMEOUT_MS } : {}),
    types: { getTypeParser },
  };
  const pool = new pg.Pool(options);
  // An idle connection that ends is taken out of the pool; nobody waits for it, so nobody needs to hear of it.
  pool.on("error", () => {});
  const prepared = new WeakSet<pg.PoolClient>();
  return {
    options,
    end: () => pool.end(),
    async connect(): Promise<PostgresPoolClient> {
      const client = await pool.connect();
      // A connection in use may end between two statements; the next one fails and tells.
      client.on("error", ignore);
      const handle = new PooledClient(client);
      if (prepared.has(client)) return handle;
      try {
        await prepareSession(client, settings, use);
      } catch (error) {
        handle.release(true);
        throw error;
      }
      prepared.add(client);
      return handle;
    },
  };
}

/** One use of a connection. */
class PooledClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient;
  #isBroken = false;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  // Its other overload, for cursors, is never called: none is configured.
  query = (async (text: string, parameters: readonly unknown[]) => {
    try {
      return await this.#client.query(text, parameters.map(storable));
    } catch (error) {
      // What the database itself refuses leaves the connection whole.
      if (!(error instanceof pg.DatabaseError)) this.#isBroken = true;
      throw error;
    }
  }) as unknown as PostgresPoolClient["query"];

  release(destroy = false): void {
    this.#client.off("error", ignore);
    this.#client.release(destroy || this.#isBroken);
  }
}

function ignore(): void {}

/** PostgreSQL has no NUL in its texts; SQLite does, so that what a hostile machine says of itself could differ. */
function storable(value: unknown): unknown {
  return typeof value === "string" ? value.replaceAll("\0", "\uFFFD") : value;
}

async function prepareSession(
  client: pg.PoolClient,
  settings: PostgresSettings,
  use: PoolOptions["use"],
): Promise<void> {
  // A commit is on the disk when it is acknowledged, whatever the database was set to for others.
  await client.query(
    "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'",
  );
  if (use === "reader") return;
  const lock = use === "alone" ? "pg_try_advisory_lock" : "pg_try_advisory_lock_shared";
  const { rows } = await client.query(`select ${lock}(${USE_LOCK}) as is_mine`);
  if (rows[0]?.is_mine === true) return;
  throw new StoreError(
    use === "alone"
      ? `Cannot use database ${
        postgresName(settings)
      } alone: a vigosrv is using it. Stop that first`
      : `Cannot use database ${
        postgresName(settings)
      }: it is being moved or restored. Try again when that is done`,
  );
}

/** Numbers of 64 bits come as numbers, as from SQLite: every one that is stored is a time, a counter or a size. */
function getTypeParser(oid: number, format?: "text" | "binary") {
  if (oid === INT8 || oid === NUMERIC) return Number;
  if (oid === INT8_ARRAY) return (text: string) => text;
  return pg.types.getTypeParser(oid, format as "text");
}
