import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { syncFolder } from "../../shared/platform/durable_write.ts";
import { counted } from "../../shared/terminal/counted.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { systemReason } from "../../shared/terminal/system_failure.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { readPostgresSettings } from "../config/postgres_settings.ts";
import { databasePath, serverFolders } from "../prepare_root.ts";
import { StoreError } from "../store/store_error.ts";
import type { CopyEnd } from "../store/copy/copy_database.ts";
import { openSqliteReader } from "../store/open_sqlite_store.ts";
import { connectPostgres } from "../store/postgres/open_postgres_store.ts";
import { explainPostgresError } from "../store/postgres/explain_postgres_error.ts";
import type { PostgresSettings } from "../store/postgres/postgres_settings.ts";
import { writeLines } from "./backup_format.ts";
import type { CopyContext } from "./move_command.ts";
import { readState } from "./read_state.ts";
import { readKeyFile, seal } from "./sealed_file.ts";

/** `vigosrv backup`. */
export function backupCommand({ write, env, paths, config, configFile }: CopyContext) {
  const command = new Command("backup")
    .description("Write all that a server needs to go on elsewhere into one file; it may run")
    .argument("<file>", "a new file, or a folder that gets one named after the time")
    .option(
      "-r, --recipient <key>",
      "encrypt to this public key of age, age1…; may be given again",
      (key: string, others: readonly string[]) => [...others, key],
      [],
    )
    .option("--recipients-file <file>", "encrypt to the public keys in this file")
    .option("--plain", "do not encrypt: whoever reads the file has the fleet's keys", false)
    .option("--json", "print what was written as JSON", false)
    .action(async (file, { recipient, recipientsFile, plain, json }) => {
      const recipients = [
        ...recipient,
        ...recipientsFile === undefined ? [] : await readKeyFile(recipientsFile),
      ];
      if (plain === recipients.length > 0) {
        throw new UserError(
          "Cannot back up: name whom to encrypt it to with --recipient age1…, or say --plain",
          { exitCode: EXIT_CODE.usage },
        );
      }
      const { database } = await config();
      const folders = serverFolders(paths());
      await assertServerRan(folders.tls);
      const postgres = await readPostgresSettings(database, env);
      const path = await nameFile(file);
      const tables: { name: string; rows: number }[] = [];
      await using source = openReader(databasePath(folders.db), postgres);
      try {
        const state = readState(
          source,
          folders.base,
          configFile(),
          (name, rows) => tables.push({ name, rows }),
        );
        await writeNew(path, async () => await seal(writeLines(state), recipients));
      } catch (error) {
        if (error instanceof UserError || !postgres) throw error;
        const explained = explainPostgresError(postgres, error);
        throw explained instanceof StoreError
          ? new UserError(explained.message, { cause: error })
          : error;
      }
      const rows = tables.reduce((sum, table) => sum + table.rows, 0);
      const { size } = await Deno.stat(path);
      if (json) write(jsonText({ path, sizeBytes: size, encrypted: !plain, tables }));
      else {
        write(
          `Wrote ${path}: ${counted(rows, "row")} of ${
            counted(tables.length, "table")
          }, keys, secrets and stacks; ` +
            `${plain ? "NOT encrypted, keep it as the keys themselves" : "encrypted"}\n`,
        );
      }
    });
  return withExamples(command, [
    ["vigosrv backup --recipient age1… /var/backups/vigo", "into a folder, every night"],
    ["vigosrv backup --plain /mnt/safe/vigo.backup", "onto a disk that is a safe already"],
  ]);
}

/** Connections of their own to what a server may be using. */
function openReader(
  path: string,
  postgres: PostgresSettings | undefined,
): CopyEnd & AsyncDisposable {
  const end = (driver: CopyEnd["driver"], database: CopyEnd["database"]) => ({
    driver,
    database,
    [Symbol.asyncDispose]: () => database.destroy(),
  });
  if (postgres) {
    return end("postgres", connectPostgres(postgres, { use: "reader", isTimed: false }));
  }
  try {
    return end("sqlite", openSqliteReader(path));
  } catch (error) {
    if (error instanceof StoreError) throw new UserError(error.message, { cause: error });
    throw error;
  }
}

async function assertServerRan(tlsFolder: string): Promise<void> {
  const path = join(tlsFolder, "ca.crt");
  await Deno.stat(path).catch((cause) => {
    throw new UserError(
      `Cannot back up: no server has run on this root ("${path}": ${systemReason(cause)})`,
    );
  });
}

async function nameFile(given: string): Promise<string> {
  const isFolder = await Deno.stat(given).then(({ isDirectory }) => isDirectory, () => false);
  if (!isFolder) return given;
  const time = new Date().toISOString().replaceAll(/[:.]/g, "-");
  return join(given, `vigo-${time}.backup`);
}

/** Writes a file that nobody else may read, whole or not at all. @throws {UserError} if it is there already, or cannot be. */
async function writeNew(
  path: string,
  content: () => Promise<ReadableStream<Uint8Array>>,
): Promise<void> {
  const temporary = `${path}.unfinished`;
  const cannot = (cause: unknown) => {
    if (cause instanceof UserError) return cause;
    return cause instanceof Deno.errors.AlreadyExists || isSystemError(cause)
      ? new UserError(`Cannot write backup "${path}": ${systemReason(cause)}`, { cause })
      : cause;
  };
  if (await Deno.lstat(path).then(() => true, () => false)) {
    throw new UserError(`Cannot write backup "${path}": it is there already. Name another file`);
  }
  await Deno.remove(temporary).catch(() => {});
  try {
    using file = await Deno.open(temporary, { write: true, createNew: true, mode: 0o600 });
    for await (const chunk of await content()) {
      for (let written = 0; written < chunk.length;) {
        written += await file.write(chunk.subarray(written));
      }
    }
    await file.sync();
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw cannot(error);
  }
  await syncFolder(join(path, ".."));
}

/** What the system says of files carries its code. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && ("code" in error && /^E[A-Z]+$/.test(String(error.code)));
}
