import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { parse } from "yaml";
import { counted } from "../../shared/terminal/counted.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { ServerFolders } from "../channel.ts";
import { readPostgresSettings } from "../config/postgres_settings.ts";
import { type ServerConfig, serverConfigSchema } from "../config/server_config_schema.ts";
import { databasePath, prepareRoot, serverFolders } from "../prepare_root.ts";
import { lockRoot } from "../root_lock.ts";
import type { CopyContext } from "./move_command.ts";
import { checkBackup, restoreState } from "./restore_state.ts";
import { readKeyFile, unseal } from "./sealed_file.ts";
import { withStoreFailures } from "./store_failure.ts";

/** What makes a root one that a server lives on; stacks and server.yaml alone may be put there before. */
const STATE = ["db/vigo.db", "tls", "secrets", ".versions", ".live"];

/** `vigosrv restore`. */
export function restoreCommand({ write, env, paths, config, configFile }: CopyContext) {
  const command = new Command("restore")
    .description(
      "Put a backup into an empty root, read whole and checked before anything is written",
    )
    .argument("<file>", "what vigosrv backup wrote")
    .option("-i, --identity <file>", "the secret key of age that opens it")
    .option("--check", "read and check it, and change nothing", false)
    .option("--replace", "put what is there aside, into .replaced-…, instead of refusing", false)
    .option("--json", "print what was restored as JSON", false)
    .action(async (file, { identity, check, replace, json }) => {
      const identities = identity === undefined ? [] : await readKeyFile(identity);
      const { header, rows, files, serverYaml } = await checkBackup(
        unseal(file, identities),
        file,
      );
      const folders = serverFolders(paths());
      const hasConfig = await isThere(configFile());
      if (!check) {
        const database = hasConfig ? (await config()).database : databaseSection(serverYaml);
        const postgres = await readPostgresSettings(database, env);
        await prepareRoot(folders);
        using _lock = await lockRoot(paths().at("/srv/vigo/db/vigosrv.lock"));
        await clear(folders, replace);
        await prepareRoot(folders);
        await withStoreFailures(() =>
          restoreState(unseal(file, identities), {
            name: file,
            schemaVersion: header.schemaVersion,
            folder: folders.base,
            path: databasePath(folders.db),
            postgres,
            keepsConfig: hasConfig,
            tell: (table, count) =>
              json ? undefined : write(`${table}: ${counted(count, "row")}\n`),
          })
        );
      }
      const madeAt = new Date(header.createdAtMs).toISOString();
      if (json) {
        write(jsonText({ file, version: header.version, madeAt, rows, files, restored: !check }));
      } else {
        write(
          `${check ? "Sound" : "Restored"}: ${file} of ${madeAt}, by vigosrv ${header.version}: ` +
            `${counted(rows, "row")} and ${counted(files, "file")}${
              check ? "" : ". Now start vigosrv"
            }\n`,
        );
      }
    });
  return withExamples(command, [
    ["vigosrv restore --identity key.txt vigo.backup", "onto a new machine"],
    ["vigosrv restore --check --identity key.txt vigo.backup", "is it of use? Once a month"],
  ]);
}

/** What the backed-up configuration says of the database. */
function databaseSection(serverYaml: string | undefined): ServerConfig["database"] {
  const text: unknown = serverYaml === undefined ? {} : parse(serverYaml, { maxAliasCount: 0 });
  const section = typeof text === "object" && text !== null && "database" in text
    ? text.database
    : undefined;
  const result = serverConfigSchema.safeParse(section === undefined ? {} : { database: section });
  if (result.success) return result.data.database;
  throw new UserError(
    "Cannot read the section database of the server.yaml in the backup. Put a server.yaml into the root first",
  );
}

/** @throws {UserError} if a server has lived here and may not be put aside. */
async function clear({ base, tls, live, db }: ServerFolders, mayReplace: boolean): Promise<void> {
  const marks = [join(tls, "ca.crt"), live, databasePath(db)];
  const found = (await Promise.all(marks.map(isThere))).indexOf(true);
  if (found < 0) return;
  if (!mayReplace) {
    throw new UserError(
      `Cannot restore: "${
        marks[found]
      }" shows that a server has lived here. Choose an empty --root, or say --replace`,
    );
  }
  const aside = join(base, `.replaced-${Date.now()}`);
  await Deno.mkdir(join(aside, "db"), { recursive: true, mode: 0o700 });
  await Deno.chmod(aside, 0o700);
  // The log of a database goes with it.
  for (const entry of [...STATE, "db/vigo.db-wal", "db/vigo.db-shm"]) {
    await Deno.rename(join(base, entry), join(aside, entry)).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

function isThere(path: string): Promise<boolean> {
  return Deno.lstat(path).then(() => true, (error) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  });
}
