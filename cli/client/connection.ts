import { join } from "node:path";
import { EXIT_CODE, type ExitCode } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";

/** What an operator may say about which server to talk to; all of it is optional on the server's own host. */
export interface ConnectionFlags {
  readonly server?: string | undefined;
  readonly ca?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly root?: string | undefined;
}

/** Where the server is and what proves both sides to each other. */
export interface Connection {
  readonly baseUrl: string;
  /** PEM; absent when the system's own CAs are to be believed. */
  readonly ca?: string;
  readonly token: string;
}

/** The outside world as the choice of a connection needs it. */
export interface ConnectionSources {
  readonly env: (name: string) => string | undefined;
  readonly readText: (path: string) => Promise<string | undefined>;
}

/** A connection could not be put together; the message says which file or flag to give. */
export class ConnectionError extends UserError {
  constructor(message: string, exitCode: ExitCode = EXIT_CODE.usage) {
    super(message, { exitCode });
  }
}

const DEFAULT_SERVER = "https://localhost:8443";

/**
 * Puts together how to reach the server: flags win over environment (`VIGO_SERVER`, `VIGO_CA`, `VIGO_ROOT`), which wins over
 * `~/.config/vigo/` (`server`, `ca.crt`, `token`), which wins over what the server left on its own host.
 *
 * @throws {ConnectionError} if no token can be found or a named file cannot be read.
 */
export async function resolveConnection(
  flags: ConnectionFlags,
  { env, readText }: ConnectionSources,
): Promise<Connection> {
  const home = env("HOME");
  const userFile = (name: string) =>
    home === undefined ? undefined : join(home, ".config", "vigo", name);
  const readUser = async (name: string) => {
    const path = userFile(name);
    return path === undefined ? undefined : (await readText(path))?.trim();
  };
  const paths = rootPaths(flags.root ?? env("VIGO_ROOT") ?? "/");
  const localToken = paths.at("/srv/vigo/secrets/local.token");
  const localCa = paths.at("/srv/vigo/tls/ca.crt");

  const named = async (path: string, what: string): Promise<string> => {
    const text = await readText(path);
    if (text === undefined) throw new ConnectionError(`Cannot read ${what} "${path}"`);
    return text.trim();
  };

  const explicitServer = flags.server ?? env("VIGO_SERVER");
  // With --root the server meant is the one under that root, whatever else this user talks to.
  const prefersLocal = flags.root !== undefined || env("VIGO_ROOT") !== undefined;
  const baseUrl = checkUrl(
    explicitServer ??
      (prefersLocal ? (await readText(paths.at("/srv/vigo/rest.address")))?.trim() : undefined) ??
      await readUser("server") ?? (await readText(paths.at("/srv/vigo/rest.address")))?.trim() ??
      DEFAULT_SERVER,
  );

  const caFile = flags.ca ?? env("VIGO_CA");
  const ca = caFile !== undefined
    ? await named(caFile, "CA certificate")
    : (prefersLocal ? undefined : await readUser("ca.crt")) ?? (await readText(localCa))?.trim();

  const token = flags.tokenFile !== undefined
    ? await named(flags.tokenFile, "token file")
    : (prefersLocal ? undefined : await readUser("token")) ?? (await readText(localToken))?.trim();
  if (token === undefined || token === "") {
    throw new ConnectionError(
      `No API token found. Run this as root on the server host (${localToken} is root-readable), or put a token into ${
        userFile("token") ?? "~/.config/vigo/token"
      } with mode 0600, or name one with --token-file`,
      EXIT_CODE.notPermitted,
    );
  }
  return { baseUrl, token, ...(ca === undefined ? {} : { ca }) };
}

function checkUrl(text: string): string {
  if (!URL.canParse(text)) {
    throw new ConnectionError(`Cannot use server address "${text}": expected https://HOST:8443`);
  }
  const url = new URL(text);
  if (url.protocol !== "https:") {
    throw new ConnectionError(`Cannot use server address "${text}": only https is spoken`);
  }
  return url.origin;
}
