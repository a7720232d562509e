import { errorCode } from "../system/file_error.ts";
import type { TraitSystem } from "./collector.ts";

/** What a kernel interface answers when this user may not read it, or when there is nothing to tell. */
const UNREADABLE: ReadonlySet<string> = new Set([
  "EACCES",
  "EPERM",
  "EINVAL",
  "EIO",
  "EAGAIN",
  "ENODATA",
  // A link of an open file whose path has become longer than any path may be.
  "ENAMETOOLONG",
  "ENOTSUP",
  "EOPNOTSUPP",
]);

/**
 * The text of a file of one value, without white space around it; `undefined` if it is missing, empty, or cannot be read
 * by this user. For what is worth telling where it can be read, such as a serial number that root alone may see.
 */
export async function readOptional(
  system: Pick<TraitSystem, "readText">,
  path: string,
): Promise<string | undefined> {
  return (await readIfAllowed(system, path))?.trim() || undefined;
}

/** As {@linkcode readOptional}, but the text as it is: an empty file is one, too. */
export async function readIfAllowed(
  system: Pick<TraitSystem, "readText">,
  path: string,
): Promise<string | undefined> {
  try {
    return await system.readText(path);
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}

/** Whether an error means no more than that there is nothing to read here for this user. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof Deno.errors.PermissionDenied || UNREADABLE.has(errorCode(error) ?? "");
}

/** A file that holds one number; `undefined` where there is none. */
export async function readNumber(
  system: Pick<TraitSystem, "readText">,
  path: string,
): Promise<number | undefined> {
  const text = await readOptional(system, path);
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}
