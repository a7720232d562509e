import { Command } from "@commander-js/extra-typings";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { counted } from "../../shared/terminal/counted.ts";
import type { ServerConfig } from "../config/server_config_schema.ts";
import { readPostgresSettings } from "../config/postgres_settings.ts";
import { prepareRoot, serverFolders } from "../prepare_root.ts";
import { lockRoot } from "../root_lock.ts";
import { moveDatabase } from "./move_database.ts";
import { withStoreFailures } from "./store_failure.ts";

/** What the verbs that copy a server's state need of the program around them. */
export interface CopyContext {
  write(text: string): void;
  readonly env: (name: string) => string | undefined;
  paths(): RootPaths;
  /** The configuration in force, or that of a named file, which must then be there. */
  config(file?: string): Promise<ServerConfig>;
  /** Where that of the root lies, or would. */
  configFile(): string;
}

/** `vigosrv db move`. */
export function databaseCommand({ write, env, paths, config }: CopyContext) {
  const command = new Command("db").description("Look after the database of a stopped server");
  const move = command.command("move")
    .description("Copy the database to another driver, row by row compared, while no server runs")
    .requiredOption("--to <file>", "a server.yaml whose section `database` names the new place")
    .option("--json", "print what was copied as JSON", false)
    .action(async ({ to, json }) => {
      const current = await config();
      const wanted = await config(to);
      const folders = serverFolders(paths());
      await prepareRoot(folders);
      using _lock = await lockRoot(paths().at("/srv/vigo/db/vigosrv.lock"));
      const from = await readPostgresSettings(current.database, env);
      const target = await readPostgresSettings(wanted.database, env);
      const moved = await withStoreFailures(() =>
        moveDatabase(
          folders,
          from,
          target,
          ({ name, rows }) => json ? undefined : write(`${name}: ${counted(rows, "row")}\n`),
        )
      );
      if (json) write(jsonText(moved));
      else {
        write(
          `Moved from ${moved.from} to ${moved.to}: every row compared, the audit chain intact. ` +
            `Now put the section database of ${to} into server.yaml and start vigosrv\n`,
        );
      }
    });
  withExamples(move, [
    ["vigosrv db move --to /srv/vigo/server.yaml.new", "from SQLite to PostgreSQL, or back"],
  ]);
  return withExamples(command, [
    ["vigosrv db move --to /srv/vigo/server.yaml.new", "change the driver, with everything kept"],
  ]);
}
