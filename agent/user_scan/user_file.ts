import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { geteuid } from "node:process";
import { errorCode } from "../system/file_error.ts";

/**
 * Reads a small regular file of this process's own user: never through a link, never a FIFO or device, never one that others
 * may write to or that has another owner. For short processes that have nothing else to do: it waits for the disk itself.
 *
 * @returns the bytes; `undefined` if there is nothing of that name.
 * @throws {Error} that says what it is instead, or that it is larger than `maxBytes`.
 */
export function readUserFile(path: string, maxBytes: number): Uint8Array | undefined {
  let file: number;
  try {
    // O_NONBLOCK: opening a FIFO would wait for somebody to write to it.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (code === "ELOOP") throw new Error("it is a symbolic link", { cause: error });
    throw error;
  }
  try {
    const found = fstatSync(file);
    if (!found.isFile()) throw new Error("it is not a regular file");
    if (found.uid !== geteuid?.()) throw new Error(`it belongs to uid ${found.uid}`);
    if ((found.mode & 0o022) !== 0) throw new Error("others may write to it");
    if (found.size > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
    const bytes = new Uint8Array(found.size);
    let filled = 0;
    while (filled < bytes.length) {
      const bytesRead = readSync(file, bytes, { offset: filled });
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  } finally {
    closeSync(file);
  }
}
