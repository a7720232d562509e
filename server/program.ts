import { join } from "node:path";
import { Argument, Command } from "@commander-js/extra-typings";
import { VERSION } from "../shared/config/version.ts";
import { type RootPaths, rootPaths } from "../shared/platform/root_paths.ts";
import { describeCommand } from "../shared/terminal/command_tree.ts";
import { completionScript, SHELLS } from "../shared/terminal/completion.ts";
import { EXIT_CODE } from "../shared/terminal/exit_code.ts";
import { jsonText } from "../shared/terminal/json_text.ts";
import { withExamples } from "../shared/terminal/run_cli.ts";
import { UserError } from "../shared/terminal/user_error.ts";
import type { ServerStart } from "./channel.ts";
import { loadServerConfig, ServerConfigError } from "./config/load_server_config.ts";
import { backupCommand } from "./backup/backup_command.ts";
import { restoreCommand } from "./backup/restore_command.ts";
import { databaseCommand } from "./backup/move_command.ts";
import { readPostgresSettings } from "./config/postgres_settings.ts";
import type { ServerConfig } from "./config/server_config_schema.ts";
import { interfaceAddresses } from "./enroll/server_names.ts";
import { databasePath, prepareRoot, serverFolders } from "./prepare_root.ts";
import { lockRoot } from "./root_lock.ts";
import { readStoredSecret } from "./secrets/read_stored_secret.ts";
import { SecretError } from "./secrets/secret_backend.ts";
import { checkIntegrityAside } from "./store/check_integrity_aside.ts";
import { startWorker } from "./start_worker.ts";
import { supervise } from "./supervise.ts";
import { validateCommand } from "./validate_command.ts";
import { selfTestAddress } from "./worker_permissions.ts";

/** Share of a disk that filecasts leave free, as agents do. */
const DEFAULT_MIN_FREE_PERCENT = 10;

/** What the command line of `vigosrv` needs of its process. */
export interface ServerContext {
  write(text: string): void;
  readonly env: (name: string) => string | undefined;
  /** Aborted when the process is told to end. */
  readonly signal: AbortSignal;
}

const ROOT_FLAG = [
  "--root <dir>",
  "keep everything below this folder (VIGO_ROOT; default /)",
] as const;
const CONFIG_FLAG = ["--config <file>", "read this server.yaml (VIGO_CONFIG_FILE)"] as const;

interface ServeOptions {
  readonly root?: string | undefined;
  readonly config?: string | undefined;
}

/** The command line of `vigosrv`. */
export function createProgram(context: ServerContext) {
  const program = new Command("vigosrv")
    .description("Holds the desired state of a fleet and answers its agents")
    .version(VERSION, "--version", "print the version")
    .option(...ROOT_FLAG)
    .option(...CONFIG_FLAG);
  const serve = new Command("serve")
    .description("Run the server until it is told to stop (the default)")
    .option(...ROOT_FLAG)
    .option(...CONFIG_FLAG)
    // The program takes its flags wherever they stand; the verb names them for its help.
    .action(async (options) => await runServer({ ...options, ...program.opts() }, context));
  program.addCommand(
    withExamples(serve, [
      ["vigosrv serve", "run on this machine, with /srv/vigo/server.yaml"],
      ["vigosrv serve --root /tmp/fleet", "try it without root, below one folder"],
    ]),
    { isDefault: true },
  );
  program.addCommand(validateCommand({
    write: context.write,
    root: () => program.opts().root ?? context.env("VIGO_ROOT") ?? "/",
  }));
  const paths = () => rootPaths(program.opts().root ?? context.env("VIGO_ROOT") ?? "/");
  const copies = {
    write: context.write,
    env: context.env,
    paths,
    config: (file?: string) => loadConfig(file ?? program.opts().config, paths(), context),
    configFile: () =>
      program.opts().config ?? context.env("VIGO_CONFIG_FILE") ??
        paths().at("/srv/vigo/server.yaml"),
  };
  program.addCommand(backupCommand(copies));
  program.addCommand(restoreCommand(copies));
  program.addCommand(databaseCommand(copies));
  const version = program.command("version").description("Print the version")
    .option("--json", "print it as JSON", false)
    .action(({ json }) =>
      context.write(
        json ? jsonText({ version: VERSION }) : `vigosrv ${VERSION}\n`,
      )
    );
  withExamples(version, [
    ["vigosrv version", "which version this is"],
    ["vigosrv version --json", "for a program"],
  ]);
  const completion = program.command("completion")
    .description("Print a completion script for a shell")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .action((shell) => context.write(completionScript(shell, describeCommand(program))));
  withExamples(completion, [["source <(vigosrv completion bash)", "in ~/.bashrc"]]);
  return withExamples(program, [
    ["vigosrv", "run the server"],
    ["vigosrv --root /tmp/fleet", "run it below one folder, without root"],
    ["vigosrv completion bash > /etc/bash_completion.d/vigosrv", "complete commands in bash"],
  ]);
}

async function runServer(options: ServeOptions, context: ServerContext): Promise<void> {
  const paths = rootPaths(options.root ?? context.env("VIGO_ROOT") ?? "/");
  const folders = serverFolders(paths);
  const config = await loadConfig(options.config, paths, context);
  const postgres = await readPostgresSettings(config.database, context.env);
  await prepareRoot(folders);
  using _lock = await lockRoot(paths.at("/srv/vigo/db/vigosrv.lock"));
  const start: ServerStart = {
    kind: "start",
    config,
    folders,
    hostname: Deno.hostname(),
    addresses: interfaceAddresses(),
    minFreePercent: readMinFreePercent(context.env("VIGO_MIN_FREE_PCT")),
    ...(postgres ? { postgres } : {}),
  };
  await supervise({
    worker: startWorker(start),
    start,
    signal: context.signal,
    checkIntegrity: (signal) => checkIntegrityAside(databasePath(folders.db), signal),
    onReady: ({ listen, grpcPort, restPort }) => {
      const host = listen.includes(":") ? `[${listen}]` : listen;
      leaveRestAddress(folders.base, selfTestAddress(listen), restPort);
      context.write(
        `vigosrv ${VERSION} is ready: agents on ${host}:${grpcPort}, REST on https://${host}:${restPort}, ` +
          `root's token in ${folders.secrets}/local.token\n`,
      );
    },
  });
}

/** Reads `server.yaml`, or the file that was named. */
async function loadConfig(
  file: string | undefined,
  paths: RootPaths,
  context: ServerContext,
): Promise<ServerConfig> {
  const named = file ?? context.env("VIGO_CONFIG_FILE");
  const { secrets } = serverFolders(paths);
  return await loadServerConfig(named ?? paths.at("/srv/vigo/server.yaml"), {
    isRequired: named !== undefined,
    readSecret: (path) => readStoredSecret(secrets, path),
  }).catch(explainConfigError);
}

/**
 * Leaves where REST is served on this host, so that `vigocli` there needs no flag. Every name in it is among the names of the
 * server's certificate.
 */
function leaveRestAddress(folder: string, address: string, port: number): void {
  const host = address.includes(":") ? `[${address}]` : address;
  Deno.writeTextFileSync(join(folder, "rest.address"), `https://${host}:${port}\n`, {
    mode: 0o644,
  });
}

function readMinFreePercent(text: string | undefined): number {
  if (text === undefined || text === "") return DEFAULT_MIN_FREE_PERCENT;
  const percent = Number(text);
  if (percent >= 0 && percent < 100) return percent;
  throw new UserError(
    `Cannot read VIGO_MIN_FREE_PCT "${text.slice(0, 20)}": expected a number from 0 to below 100`,
    { exitCode: EXIT_CODE.usage },
  );
}

function explainConfigError(error: unknown): never {
  if (error instanceof SecretError) throw new UserError(error.message, { cause: error });
  if (!(error instanceof ServerConfigError)) throw error;
  // One line on standard error is the rule of the command line; the first mistakes lead the way.
  throw new UserError(error.problems.join("; "), { exitCode: EXIT_CODE.usage, cause: error });
}
