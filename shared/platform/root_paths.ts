import { join, resolve } from "node:path";
import { z } from "zod";

/** Longest path of a Unix socket that Linux binds, in bytes, without the final zero (unix(7)). */
export const MAX_SOCKET_PATH_BYTES = 107;

const rootSchema = z.string().min(1).max(4096);

/**
 * Where everything lives. All paths move under `root`, so that tests, demos and unprivileged users need no `/`.
 */
export interface RootPaths {
  readonly root: string;
  /** Maps an absolute path of the product's documentation to where it is under this root. */
  at(absolute: string): string;
}

/** Paths under `root`; `/` leaves them as documented. A relative root is taken from the working directory. */
export function rootPaths(root: string): RootPaths {
  const base = resolve(rootSchema.parse(root));
  return { root: base, at: (absolute) => base === "/" ? absolute : join(base, absolute) };
}

/**
 * Checks a path for a Unix socket.
 *
 * @throws {RangeError} if the system could not bind it.
 */
export function assertSocketPath(path: string): void {
  const sizeBytes = new TextEncoder().encode(path).length;
  if (sizeBytes > MAX_SOCKET_PATH_BYTES) {
    throw new RangeError(
      `Cannot use socket path "${path}": it has ${sizeBytes} bytes and the system allows ${MAX_SOCKET_PATH_BYTES}. Choose a shorter --root`,
    );
  }
}
