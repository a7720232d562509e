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

/** Where the server is, and what proves that it is the one. */
export interface ServerPlace {
  readonly baseUrl: string;
  /** PEM; absent when the system's own CAs are to be believed. */
  readonly ca?: string;
}

/** Where the server is and what proves both sides to each other. */
export interface Connection extends ServerPlace {
  /** Absent for somebody who is about to log in. */
  readonly token?: string;
}

/** The outside world as the choice of a connection needs it. */
export interface ConnectionSources {
  readonly env: (name: string) => string | undefined;
  readonly readText: (path: string) => Promise<string | undefined>;
  /** Whether nobody but its owner may read a file. */
  readonly isPrivate: (path: string) => Promise<boolean>;
}

/** A connection could not be put together; the message says which file or flag to give. */
export class ConnectionError extends UserError {
  constructor(message: string, exitCode: ExitCode = EXIT_CODE.usage) {
    super(message, { exitCode });
  }
}

const DEFAULT_SERVER = "https://localhost:8443";

/**
 * Puts together how to reach the server: flags win over environment (`VIGO_SERVER`, `VIGO_CA`, `VIGO_TOKEN_FILE`,
 * `VIGO_ROOT`), which wins over `~/.config/vigo/` (`server`, `ca.crt`, `token`), which wins over what the server left on its
 * own host. The token of that server's root goes to no other server.
 *
 * @throws {ConnectionError} if no token can be found, others may read it, or a named file cannot be read.
 */
export async function resolveConnection(
  flags: ConnectionFlags,
  sources: ConnectionSources,
): Promise<Connection> {
  const place = await resolveServer(flags, sources);
  const { env, readText, isPrivate } = sources;
  const tokenFile = flags.tokenFile ?? env("VIGO_TOKEN_FILE");
  if (tokenFile !== undefined) {
    const token = await readNamed(tokenFile, "token file", readText);
    return { ...place, token: checkToken(token, `token file "${tokenFile}"`) };
  }
  const own = prefersLocal(flags, env) ? undefined : userFile("token", env);
  const ownToken = own === undefined ? "" : (await readText(own))?.trim() ?? "";
  if (own !== undefined && ownToken !== "") {
    if (await isPrivate(own)) return { ...place, token: checkToken(ownToken, `"${own}"`) };
    throw new ConnectionError(
      `Refusing to use "${own}": others may read the token in it. Run: chmod 600 "${own}"`,
    );
  }
  const localPath = localPaths(flags, env).at("/srv/vigo/secrets/local.token");
  const localToken = (await readText(localPath))?.trim() ?? "";
  if (localToken !== "") {
    if (await isLocal(place.baseUrl, flags, sources)) return { ...place, token: localToken };
    throw new ConnectionError(
      `Refusing to send the token of this host's root to ${place.baseUrl}, which is another server: name a token of that server with --token-file`,
      EXIT_CODE.notPermitted,
    );
  }
  throw new ConnectionError(
    `No API token found. Run this as root on the server host (${localPath} is root-readable), log in with vigocli login, or name a file that holds a token with --token-file`,
    EXIT_CODE.notPermitted,
  );
}

/**
 * Puts together where the server is, without a proof of who asks.
 *
 * @throws {ConnectionError} if the address is none, or a named file cannot be read.
 */
export async function resolveServer(
  flags: ConnectionFlags,
  { env, readText }: ConnectionSources,
): Promise<ServerPlace> {
  const paths = localPaths(flags, env);
  const readUser = async (name: string) => {
    const path = userFile(name, env);
    return path === undefined ? undefined : (await readText(path))?.trim();
  };
  const readLocal = async (path: string) => (await readText(paths.at(path)))?.trim();
  const isLocalMeant = prefersLocal(flags, env);
  const baseUrl = checkUrl(
    flags.server ?? env("VIGO_SERVER") ??
      (isLocalMeant ? await readLocal("/srv/vigo/rest.address") : undefined) ??
      await readUser("server") ?? await readLocal("/srv/vigo/rest.address") ?? DEFAULT_SERVER,
  );
  const caFile = flags.ca ?? env("VIGO_CA");
  const ca = caFile !== undefined
    ? await readNamed(caFile, "CA certificate", readText)
    : (isLocalMeant ? undefined : await readUser("ca.crt")) ??
      await readLocal("/srv/vigo/tls/ca.crt");
  return { baseUrl, ...(ca === undefined ? {} : { ca }) };
}

type Env = ConnectionSources["env"];

/** With --root the server meant is the one under that root, whatever else this user talks to. */
function prefersLocal(flags: ConnectionFlags, env: Env): boolean {
  return flags.root !== undefined || env("VIGO_ROOT") !== undefined;
}

function localPaths(flags: ConnectionFlags, env: Env) {
  return rootPaths(flags.root ?? env("VIGO_ROOT") ?? "/");
}

function userFile(name: string, env: Env): string | undefined {
  const home = env("HOME");
  return home === undefined ? undefined : join(home, ".config", "vigo", name);
}

async function readNamed(
  path: string,
  what: string,
  readText: ConnectionSources["readText"],
): Promise<string> {
  const text = (await readText(path))?.trim();
  if (text === undefined) throw new ConnectionError(`Cannot read ${what} "${path}"`);
  if (text === "") throw new ConnectionError(`Cannot use ${what} "${path}": it is empty`);
  return text;
}

/** @throws {ConnectionError} if it cannot travel in a header; it is not quoted, since most of it may be a token. */
function checkToken(text: string, place: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new ConnectionError(
    `Cannot use ${place}: it holds more than one token, or none. Leave the token alone in it`,
  );
}

/** Whether a server is the one whose files lie on this host, as far as its address or whoever names its root says. */
async function isLocal(
  baseUrl: string,
  flags: ConnectionFlags,
  { env, readText }: ConnectionSources,
): Promise<boolean> {
  if (prefersLocal(flags, env)) return true;
  const { hostname } = new URL(baseUrl);
  if (["localhost", "127.0.0.1", "[::1]"].includes(hostname)) return true;
  const here = await readText(localPaths(flags, env).at("/srv/vigo/rest.address"));
  return here !== undefined && URL.canParse(here.trim()) && new URL(here.trim()).origin === baseUrl;
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
