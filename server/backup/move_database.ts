import { dirname, join } from "node:path";
import type { Kysely } from "kysely";
import { loadSigner, loadVerifier } from "../../shared/crypto/ed25519.ts";
import { syncFolder } from "../../shared/platform/durable_write.ts";
import { systemReason } from "../../shared/terminal/system_failure.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { verifyAuditChain } from "../audit/verify_audit_chain.ts";
import type { ServerFolders } from "../channel.ts";
import { databasePath } from "../prepare_root.ts";
import { SqlAuditRepository } from "../store/audit_repository.ts";
import { copyDatabase } from "../store/copy/copy_database.ts";
import type { PostgresSettings } from "../store/postgres/postgres_settings.ts";
import { StoreError } from "../store/store_error.ts";
import type { Tables } from "../store/tables.ts";
import { MOVED_FACT } from "../wiring/open_state.ts";
import { assertNothingAt, openOwnDatabase } from "./database_end.ts";

/** What was moved: tables in the order that they were copied in. */
export interface MovedDatabase {
  readonly from: string;
  readonly to: string;
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
}

/**
 * Copies the database of a server that does not run into an empty one of the other kind, compares every row, follows the audit
 * chain in the copy, and marks the old one, so that no server starts on it by mistake. Whoever calls holds the root's lock.
 *
 * A crash before the copy is complete leaves both as they were, beside the new file the beginning of a copy under a name that
 * no server opens, which the next move removes; one between that and the mark leaves two equal copies, of which `server.yaml`
 * still names the old one.
 *
 * @throws {UserError | StoreError} one line; the old database is then unchanged, and in force.
 */
export async function moveDatabase(
  folders: Pick<ServerFolders, "db" | "tls">,
  from: PostgresSettings | undefined,
  to: PostgresSettings | undefined,
  tell: (table: { readonly name: string; readonly rows: number }) => void,
): Promise<MovedDatabase> {
  const path = databasePath(folders.db);
  if ((from === undefined) === (to === undefined)) {
    throw new UserError(
      `Cannot move the database: both server.yaml name the driver ${from ? "postgres" : "sqlite"}`,
    );
  }
  if (to === undefined) await assertNothingAt(path, "move the database");
  else await assertThere(path);
  // A server that opened half of a file would take it for a fleet without envoys.
  const unfinished = `${path}.unfinished`;
  const tables: { name: string; rows: number }[] = [];
  await using source = await openOwnDatabase({ path, postgres: from });
  const moved = await source.database.selectFrom("facts").select("value")
    .where("name", "=", MOVED_FACT).executeTakeFirst();
  if (moved) {
    throw new UserError(`Cannot move the database: it was moved to ${moved.value} already`);
  }
  if (to === undefined) await removeDatabase(unfinished);
  const target = await openTarget(unfinished, to);
  try {
    await copyDatabase(source, target, {
      verify: (copy) => assertAuditChain(copy, folders.tls),
      tell: (table) => {
        tables.push(table);
        tell(table);
      },
    });
  } catch (error) {
    await target[Symbol.asyncDispose]();
    if (to === undefined) await removeDatabase(unfinished);
    throw error;
  }
  // Closing it takes its log into the file.
  await target[Symbol.asyncDispose]();
  if (to === undefined) {
    await Deno.rename(unfinished, path);
    await syncFolder(dirname(path));
  }
  const name = to === undefined ? `"${path}"` : target.name;
  await source.database.insertInto("facts").values({ name: MOVED_FACT, value: name }).execute();
  return { from: source.name, to: name, tables };
}

async function openTarget(path: string, to: PostgresSettings | undefined) {
  try {
    return await openOwnDatabase({ path, postgres: to });
  } catch (error) {
    if (to === undefined) await removeDatabase(path);
    throw error;
  }
}

/** A copy that was begun and not finished, with its log. */
async function removeDatabase(path: string): Promise<void> {
  for (const suffix of ["", "-wal", "-shm"]) {
    await Deno.remove(path + suffix).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

async function assertThere(path: string): Promise<void> {
  const size = await Deno.stat(path).then(({ size }) => size, () => 0);
  if (size === 0) throw new UserError(`Cannot move the database: there is none at "${path}"`);
}

/** @throws {StoreError} naming the first record that is wrong. */
async function assertAuditChain(copy: Kysely<Tables>, tlsFolder: string): Promise<void> {
  const path = join(tlsFolder, "signing.key");
  const pem = await Deno.readTextFile(path).catch((cause) => {
    throw new StoreError(`Cannot check the audit chain without "${path}": ${systemReason(cause)}`);
  });
  const verdict = await verifyAuditChain(
    new SqlAuditRepository(copy),
    loadVerifier(loadSigner(pem).publicKey),
  );
  if (verdict.intact) return;
  throw new StoreError(
    `Cannot copy the database: its audit chain is broken at record ${verdict.brokenAt} (${verdict.reason}). Nothing was changed; look with vigocli audit verify`,
  );
}
