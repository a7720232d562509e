import type { Secret } from "../../shared/crypto/secret.ts";
import { systemReason } from "../../shared/terminal/system_failure.ts";
import type { ServerConfig } from "./server_config_schema.ts";
import { defaultServerConfig, readServerConfig } from "./read_server_config.ts";

const SECRET_REFERENCE = /\bsecret:([\w./-]{1,255})/g;

/** The configuration file cannot be used. One line for each mistake. */
export class ServerConfigError extends Error {
  override readonly name = "ServerConfigError";

  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
  }
}

/**
 * Reads the configuration file.
 *
 * @param isRequired whether somebody named this file; otherwise a missing one means the defaults.
 * @throws {ServerConfigError} if it cannot be read or holds mistakes.
 */
export async function loadServerConfig(
  path: string,
  { isRequired, readSecret }: {
    readonly isRequired: boolean;
    /** The secret at a path, for values of the form `secret:PATH`. There are none if absent. */
    readonly readSecret?: (path: string) => Promise<Secret | undefined>;
  },
): Promise<ServerConfig> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && !isRequired) return defaultServerConfig();
    throw new ServerConfigError([`Cannot read configuration "${path}": ${systemReason(error)}`]);
  }
  const secrets = new Map<string, string>();
  // Whatever looks like one: what is not a value of the file is not replaced.
  for (const [, named = ""] of readSecret ? text.matchAll(SECRET_REFERENCE) : []) {
    const value = secrets.has(named) ? undefined : await readSecret?.(named);
    if (value) secrets.set(named, value.reveal());
  }
  const result = readServerConfig(text, path, secrets);
  if (!result.ok) throw new ServerConfigError(result.problems);
  return result.config;
}
