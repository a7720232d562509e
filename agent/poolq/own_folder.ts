import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "../../shared/platform/durable_write.ts";
import { isOwnFolder } from "../puddle/guarded_file.ts";
import { errorCode } from "../system/file_error.ts";

/**
 * Makes a folder that is the caller's alone, durably, or accepts the one that is there.
 *
 * @throws {UserError} if what is there is a link, no folder, somebody else's, or open to others.
 */
export async function makeOwnFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
    await syncFolder(dirname(path));
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
  await isOwnFolder(path, "folder");
}
