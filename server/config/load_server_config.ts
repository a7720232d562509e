import type { ServerConfig } from "./server_config_schema.ts";
import { defaultServerConfig, readServerConfig } from "./read_server_config.ts";

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
  { isRequired }: { readonly isRequired: boolean },
): Promise<ServerConfig> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && !isRequired) return defaultServerConfig();
    const reason = error instanceof Error ? error.message : String(error);
    throw new ServerConfigError([`Cannot read configuration "${path}": ${reason}`]);
  }
  const result = readServerConfig(text, path);
  if (!result.ok) throw new ServerConfigError(result.problems);
  return result.config;
}
