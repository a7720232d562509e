import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode, FileError } from "./file_error.ts";

/** Bytes that this process may still write where `path` is or would be. */
export async function freeBytes(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (error) {
    const code = errorCode(error);
    if (path !== "/" && (code === "ENOENT" || code === "ENOTDIR")) return freeBytes(dirname(path));
    throw new FileError("read the free space of", path, error);
  }
}
