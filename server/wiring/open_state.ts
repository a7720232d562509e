import { join } from "node:path";
import type { Logger } from "../../shared/platform/logging.ts";
import { AuditLog, BrokenChainError } from "../audit/audit_log.ts";
import type { ServerStart } from "../channel.ts";
import { type Authority, loadOrCreateAuthority } from "../enroll/certificate_authority.ts";
import { databasePath } from "../prepare_root.ts";
import { type IntegrityCheck, openSqliteStore } from "../store/open_sqlite_store.ts";
import { openPostgresStore } from "../store/postgres/open_postgres_store.ts";
import type { Store } from "../store/store.ts";
import { StoreError } from "../store/store_error.ts";
import { answerInTime } from "./answer_in_time.ts";
import type { Closing } from "./closing.ts";
import { databaseBytes as fileBytes } from "./metric_sources.ts";
import { repeat } from "./repeat.ts";

/** How often the head of the audit chain is signed: what a thief of the database can cut off unnoticed is younger. */
const SIGN_HEAD_INTERVAL_MS = 3_600_000;

/** Written into a database when another has taken its place: which. */
export const MOVED_FACT = "moved_to";
/** Stands in a database while what is written into it is not all there: what does that. */
export const UNFINISHED_FACT = "unfinished";

/** What must survive everything: the database, the fleet's keys, the record of who did what. */
export interface ServerState {
  /** How large the database is; NaN while it does not answer. */
  readonly databaseBytes: () => number | Promise<number>;
  readonly store: Store;
  readonly authority: Authority;
  readonly audit: AuditLog;
}

/**
 * Opens the database and the keys, or makes both on the first start.
 *
 * @throws {StoreError} if the database is damaged, locked, of a newer version, or gone while the keys are not.
 * @throws {AuthorityError} if keys are missing or damaged.
 */
export async function openState(
  { config, folders, hostname, addresses, postgres }: ServerStart,
  { logger, closing, now, checkIntegrity }: {
    logger: Logger;
    closing: Closing;
    now: () => number;
    checkIntegrity: IntegrityCheck;
  },
): Promise<ServerState> {
  // Before the keys, so that keys without a database always mean that it was lost.
  const { store, databaseBytes } = await openDatabase(folders, postgres, checkIntegrity);
  closing.add("the database", () => store.close());
  await assertInForce(store);
  const authority = await loadOrCreateAuthority({
    tlsFolder: folders.tls,
    secretsFolder: folders.secrets,
    hostname: config.server.hostname ?? hostname,
    sans: config.server.tls_sans,
    addresses,
    hasEnrolments: (await store.envoys.list()).length > 0,
    now,
  });
  const audit = new AuditLog(store, authority.signer, now);
  const every = (intervalMs: number, what: string, work: () => Promise<unknown>) => {
    const repeating = repeat(
      intervalMs,
      work,
      (error) =>
        logger.warn("Cannot {what}; trying again: {reason}", { what, reason: String(error) }),
    );
    closing.add(what, () => repeating.stop());
  };
  const signHead = async () => {
    const head = await audit.signHead().catch((error: unknown) => {
      if (!(error instanceof BrokenChainError)) throw error;
      // Somebody must look; the server goes on, and its acts are recorded still.
      logger.error(error.message);
      return undefined;
    });
    // The log is often kept elsewhere, so that a chain cut together with its signed heads shows too.
    if (head) logger.info("Signed the head of the audit chain", { seq: head.seq, hash: head.hash });
  };
  closing.add("the audit chain", signHead);
  every(SIGN_HEAD_INTERVAL_MS, "sign the audit head", signHead);
  return { databaseBytes, store, authority, audit };
}

async function openDatabase(
  { db, tls }: ServerStart["folders"],
  postgres: ServerStart["postgres"],
  checkIntegrity: IntegrityCheck,
): Promise<Pick<ServerState, "store" | "databaseBytes">> {
  const caPath = join(tls, "ca.crt");
  if (postgres) {
    const store = await openPostgresStore(postgres, { mustExist: await sizeOf(caPath) > 0 });
    return { store, databaseBytes: answerInTime(() => store.sizeBytes().catch(() => NaN), NaN) };
  }
  const path = databasePath(db);
  await assertDatabaseNotLost(path, caPath);
  const store = await openSqliteStore(path, { checkIntegrity });
  return { store, databaseBytes: () => fileBytes(path) };
}

/** Two servers on two copies of one fleet would each forget what the other acknowledges; half of one is none. */
async function assertInForce(store: Store): Promise<void> {
  const where = await store.facts.get(MOVED_FACT);
  if (where !== undefined) {
    throw new StoreError(
      `Refusing to start: this database was moved to ${where}. Set that in server.yaml; this copy is old`,
    );
  }
  const what = await store.facts.get(UNFINISHED_FACT);
  if (what === undefined) return;
  throw new StoreError(
    `Refusing to start: ${what} into this database did not come to its end. Begin it again, with --replace`,
  );
}

/** An empty database beside existing keys would look like a new fleet, and every envoy and token would be forgotten. */
async function assertDatabaseNotLost(databasePath: string, caPath: string): Promise<void> {
  if (await sizeOf(caPath) === 0 || await sizeOf(databasePath) > 0) return;
  throw new StoreError(
    `Refusing to start: database "${databasePath}" is missing or empty, but "${caPath}" shows that this fleet has been set up. Restore it from a backup`,
  );
}

/** 0 for a file that is not there. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
