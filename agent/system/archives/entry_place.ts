import { type ArchiveEntry, ArchiveError } from "./archive_entry.ts";

/**
 * Where an entry belongs below the destination: a relative path without `.` and `..`, or `undefined` for what leaving out
 * `strip` leading folders leaves nothing of.
 *
 * @throws {ArchiveError} if it is neither a file nor a folder, or its name leads out: such an archive is refused as a whole.
 */
export function placeOf({ name, kind }: ArchiveEntry, strip: number): string | undefined {
  const quoted = JSON.stringify(name);
  if (kind !== "file" && kind !== "directory") {
    throw new ArchiveError(`${quoted} in it is a ${kind}; only files and folders are unpacked`);
  }
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  // A backslash separates on no system that is managed, but says that somebody tried.
  if (name.startsWith("/") || name.includes("\0") || /(^|[\\/])\.\.([\\/]|$)/.test(name)) {
    throw new ArchiveError(`${quoted} in it leads out of the folder`);
  }
  const rest = parts.slice(strip);
  return rest.length === 0 ? undefined : rest.join("/");
}
