import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolderSync } from "../../shared/platform/durable_write.ts";
import { isOwnFolderSync } from "../puddle/guarded_file.ts";
import { errorCode } from "../system/file_error.ts";

/**
 * Makes a folder that is the caller's alone, durably, or accepts the one that is there.
 *
 * @throws {UserError} if what is there is a link, no folder, somebody else's, or open to others.
 */
export function makeOwnFolder(path: string): void {
  if (isOwnFolderSync(path, "folder")) return;
  try {
    mkdirSync(path, { mode: 0o700 });
    syncFolderSync(dirname(path));
  } catch (error) {
    // Somebody else was faster.
    if (errorCode(error) !== "EEXIST") throw error;
  }
  isOwnFolderSync(path, "folder");
}
