import { rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { syncFolder } from "../../shared/platform/durable_write.ts";
import { makeOwnFolder } from "./own_folder.ts";

/**
 * Puts a file that cannot be believed aside, for a person to look at, and never removes it.
 *
 * @param folder Where it is kept, on the same file system; made if need be.
 * @returns Where it is now.
 */
export async function quarantine(path: string, folder: string): Promise<string> {
  makeOwnFolder(folder);
  const kept = join(folder, `${basename(path)}.${crypto.randomUUID()}`);
  await rename(path, kept);
  await syncFolder(folder);
  await syncFolder(dirname(path));
  return kept;
}
