import { isIP } from "node:net";
import { systemReason } from "../../shared/terminal/system_failure.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { PostgresSettings } from "../store/postgres/postgres_settings.ts";
import type { ServerConfig } from "./server_config_schema.ts";

/** Largest file of a password or of a CA, in bytes. */
const MAX_FILE_BYTES = 256 * 1024;

/**
 * How the configured database is reached; undefined where it is a file of the server's own. Reads the files that the
 * configuration names, since the server in its worker may not.
 *
 * @throws {UserError} naming the file that cannot be read, or whose password others can read.
 */
export async function readPostgresSettings(
  database: ServerConfig["database"],
  env: (name: string) => string | undefined,
): Promise<PostgresSettings | undefined> {
  if (database.driver !== "postgres") return undefined;
  const { host, port, name, user, password_file: passwordFile, tls_ca: caFile } = database;
  const given = env("VIGO_DATABASE_PASSWORD") || undefined;
  const password = given ??
    (passwordFile === undefined ? undefined : await readPassword(passwordFile));
  const isVerified = (database.tls ?? (isThisHost(host) ? "off" : "verify")) === "verify";
  const ca = caFile === undefined ? undefined : await readSmall(caFile, "database.tls_ca");
  return {
    host,
    port,
    database: name,
    user,
    ...(password === undefined ? {} : { password }),
    ...(isVerified ? { tls: ca === undefined ? {} : { ca } } : {}),
  };
}

/** What goes there meets no network. */
function isThisHost(host: string): boolean {
  return host.startsWith("/") || host === "localhost" || host === "::1" ||
    isIP(host) === 4 && host.startsWith("127.");
}

async function readPassword(path: string): Promise<string> {
  const key = "database.password_file";
  const text = await readSmall(path, key);
  const { mode } = await Deno.stat(path);
  if (mode !== null && (mode & 0o007) !== 0) {
    throw new UserError(
      `Cannot use ${key} "${path}": every user may read it. Run: chmod 600 ${path}`,
    );
  }
  const password = text.replace(/\r?\n$/, "");
  if (password === "") throw new UserError(`Cannot use ${key} "${path}": it is empty`);
  return password;
}

async function readSmall(path: string, key: string): Promise<string> {
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_FILE_BYTES) {
      throw new Error(`it has ${size} bytes; the limit is ${MAX_FILE_BYTES}`);
    }
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw new UserError(`Cannot read ${key} "${path}": ${systemReason(cause)}`, { cause });
  }
}
