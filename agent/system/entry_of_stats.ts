import { readlinkSync, type Stats } from "node:fs";
import type { Attributes, Entry, FileCopy } from "./files.ts";

const PERMISSION_BITS = 0o7777;

export function attributesOf({ mode, uid, gid }: Stats): Attributes {
  return { mode: mode & PERMISSION_BITS, uid, gid };
}

/** What lstat found at a path; a link is read there. */
export function entryOf(at: string, found: Stats): Entry {
  const attributes = attributesOf(found);
  if (found.isFile()) return fileEntryOf(found);
  if (found.isDirectory()) return { kind: "directory", ...attributes };
  if (found.isSymbolicLink()) return { kind: "symlink", target: readlinkSync(at), ...attributes };
  return { kind: "other", ...attributes };
}

export function fileEntryOf(found: Stats): FileCopy["entry"] {
  const stamp = `${found.ino}:${found.ctimeMs}:${found.size}`;
  return { kind: "file", sizeBytes: found.size, stamp, ...attributesOf(found) };
}
