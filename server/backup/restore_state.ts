import { dirname, join } from "node:path";
import { writeFileDurable } from "../../shared/platform/durable_write.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { assertEmpty } from "../store/copy/copy_database.ts";
import { listCopiedTables } from "../store/copy/table_catalog.ts";
import { decodeRow, type Row, writeRows } from "../store/copy/table_rows.ts";
import { ALL_MIGRATIONS } from "../store/migrations/all_migrations.ts";
import type { PostgresSettings } from "../store/postgres/postgres_settings.ts";
import { UNFINISHED_FACT } from "../wiring/open_state.ts";
import { type BackupHeader, type BackupRecord, readLines } from "./backup_format.ts";
import { openOwnDatabase } from "./database_end.ts";

/** Rows kept until they are written together. */
const ROWS_PER_WRITE = 50;

/** What a backup holds, after all of it was read. */
export interface BackupSummary {
  readonly header: BackupHeader;
  readonly rows: number;
  readonly files: number;
  /** The text of its `server.yaml`. */
  readonly serverYaml: string | undefined;
}

/** Reads all of a backup and changes nothing. @throws {UserError} if it is damaged, or of a newer version. */
export async function checkBackup(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
): Promise<BackupSummary> {
  let header: BackupHeader | undefined, serverYaml: string | undefined, rows = 0, files = 0;
  for await (const record of readLines(bytes, name)) {
    if (record.kind === "header") header = record;
    if (record.kind === "row") {
      decodeRow(record.values);
      rows += 1;
    }
    if (record.kind === "file") {
      files += 1;
      if (record.path === "server.yaml") {
        serverYaml = new TextDecoder().decode(Uint8Array.fromBase64(record.base64));
      }
    }
  }
  if (header === undefined) throw new UserError(`Cannot use backup "${name}": it has no header`);
  if (header.schemaVersion > ALL_MIGRATIONS.length) {
    throw new UserError(
      `Cannot restore "${name}": vigosrv ${header.version} made it, with schema ${header.schemaVersion}, and this one knows up to ${ALL_MIGRATIONS.length}. Use that version`,
    );
  }
  return { header, rows, files, serverYaml };
}

/**
 * Puts a backup that {@linkcode checkBackup} has read into an empty database and an empty root.
 *
 * The rows are one transaction that is committed after the last file is on the disk. Until then the database says that it is
 * not whole, and no server starts on it: so after a crash there is nothing, or a restore to begin again.
 *
 * @param folder `/srv/vigo` under the root, with its folders made.
 * @param keepsConfig leaves the `server.yaml` that is there.
 * @throws {UserError | StoreError} one line.
 */
export async function restoreState(
  bytes: AsyncIterable<Uint8Array>,
  { name, schemaVersion, folder, path, postgres, keepsConfig, tell }: {
    readonly name: string;
    readonly schemaVersion: number;
    readonly folder: string;
    /** Of the database, where it is a file. */
    readonly path: string;
    readonly postgres: PostgresSettings | undefined;
    readonly keepsConfig: boolean;
    readonly tell: (table: string, rows: number) => void;
  },
): Promise<void> {
  await using target = await openOwnDatabase({
    path,
    postgres,
    migrations: ALL_MIGRATIONS.slice(0, schemaVersion),
  });
  const { database, driver } = target;
  const tables = await listCopiedTables(database, driver);
  const mark = { name: UNFINISHED_FACT, value: "a restore" };
  const isBegun = await database.deleteFrom("facts").where("name", "=", mark.name)
    .executeTakeFirst();
  if (isBegun.numDeletedRows === 0n) await assertEmpty(database, tables, target.name);
  await database.insertInto("facts").values(mark).execute();
  await database.transaction().execute(async (transaction) => {
    await transaction.deleteFrom("facts").where("name", "=", mark.name).execute();
    await assertEmpty(transaction, tables, target.name);
    let table: Extract<BackupRecord, { kind: "table" }> | undefined, count = 0;
    let waiting: Row[] = [];
    const flush = async () => {
      if (table && waiting.length > 0) await writeRows(transaction, table, waiting);
      waiting = [];
    };
    const endTable = async () => {
      await flush();
      if (table) tell(table.name, count);
      table = undefined;
      count = 0;
    };
    for await (const record of readLines(bytes, name)) {
      if (record.kind === "row") {
        waiting.push(decodeRow(record.values));
        count += 1;
        if (waiting.length === ROWS_PER_WRITE) await flush();
        continue;
      }
      await endTable();
      if (record.kind === "table") {
        const known = tables.find((one) => one.name === record.name);
        if (!known || record.columns.some((column) => !known.columns.includes(column))) {
          throw new UserError(`Cannot restore "${name}": table ${record.name} is unknown`);
        }
        table = record;
      } else if (record.kind === "file" && !(keepsConfig && record.path === "server.yaml")) {
        await restoreFile(folder, record);
      }
    }
  });
}

async function restoreFile(
  folder: string,
  { path, mode, base64 }: Extract<BackupRecord, { kind: "file" }>,
): Promise<void> {
  const place = join(folder, path);
  const isSecret = path.startsWith("secrets/");
  await Deno.mkdir(dirname(place), { recursive: true, mode: isSecret ? 0o700 : 0o755 });
  await writeFileDurable(place, Uint8Array.fromBase64(base64), { mode });
}
