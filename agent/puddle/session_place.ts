import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { assertSocketPath } from "../../shared/platform/root_paths.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { isOwnFolder, judgeOwner, lstatIfPresent, OTHERS, readGuarded } from "./guarded_file.ts";
import { puddlePaths } from "./puddle_paths.ts";

/** Digits of a session's secret: 32 bytes. */
const SECRET_LENGTH = 64;

/** Where the helper of a session listens. */
export interface SessionPlace {
  /** 0700, the user's own. */
  readonly folder: string;
  /** 0600. */
  readonly socket: string;
  /** 0600: 64 hex digits that a caller must show. */
  readonly secret: string;
}

/**
 * Where the session of a home is: in `$XDG_RUNTIME_DIR/vigo`, which goes with the last login, or without that variable in
 * the puddle's own folder.
 *
 * @throws {UserError} if the path is too long for a socket.
 */
export function sessionPlace(
  home: string,
  env: Readonly<Record<string, string | undefined>>,
): SessionPlace {
  const runtime = env["XDG_RUNTIME_DIR"];
  const folder = runtime?.startsWith("/") ? join(runtime, "vigo") : puddlePaths(home).run;
  const place = placeIn(folder);
  const { socket } = place;
  try {
    assertSocketPath(socket);
  } catch (cause) {
    throw new UserError(
      `Cannot use ${socket} for a session: the path is too long. Set XDG_RUNTIME_DIR to a shorter folder of your own`,
      { cause },
    );
  }
  return place;
}

/** The place of a session in a folder. */
export function placeIn(folder: string): SessionPlace {
  return {
    folder,
    socket: join(folder, "puddle.sock"),
    secret: join(folder, "puddle.secret"),
  };
}

/**
 * The secret of the session that listens there, after it is known that folder, socket and secret are the caller's alone;
 * nothing if no session was started.
 *
 * @throws {UserError} if somebody else has a hand in it.
 */
export async function readSessionSecret(place: SessionPlace): Promise<string | undefined> {
  if (!await isOwnFolder(place.folder, "the session's folder")) return undefined;
  const socket = await lstatIfPresent(place.socket);
  if (socket === undefined) return undefined;
  if (!socket.isSocket()) {
    throw new UserError(`Cannot use ${place.socket}: it is not a socket. Remove it`);
  }
  judgeOwner("the session's socket", place.socket, socket, OTHERS);
  const rule = { what: "the session's secret", maxBytes: SECRET_LENGTH, forbidden: OTHERS };
  const bytes = await readGuarded(place.secret, rule);
  const secret = bytes && new TextDecoder().decode(bytes);
  return secret !== undefined && /^[0-9a-f]{64}$/.test(secret) ? secret : undefined;
}

/** Makes the folder of a session, or makes sure that the one there is the caller's alone. @throws {UserError} if it is not. */
export async function makeSessionFolder(place: SessionPlace): Promise<void> {
  if (await isOwnFolder(place.folder, "the session's folder")) return;
  await Deno.mkdir(place.folder, { mode: 0o700 });
  // A umask may have taken more than asked; what it gave is checked all the same.
  await lstat(place.folder);
  await isOwnFolder(place.folder, "the session's folder");
}
