import { join } from "node:path";
import { geteuid } from "node:process";
import { lstatIfPresent, OTHERS_WRITE } from "../puddle/guarded_file.ts";
import { MAX_PROBLEM_LENGTH, type PuddleLine } from "./puddle_lines.ts";
import type { ScanHandler } from "./scan_request.ts";

/** Where a user may put the file of a proof. */
const FOLDERS = [".vigo-puddle", ".vigo-poolq"];

/**
 * Tells whether the user of this process made a file of that name: an empty regular one with one name, 0600, in a folder that
 * is the user's as well and in which nobody else can make names. It is removed, since it proves one request.
 */
export const checkUserProof: ScanHandler<"puddle_proof"> = async ({ home, name }, emit) => {
  let reason = "there is no such file";
  for (const folder of FOLDERS.map((one) => join(home, one))) {
    const path = join(folder, name);
    const problem = await judge(folder, path);
    if (problem === undefined) continue;
    reason = problem;
    await Deno.remove(path).catch(() => {});
    if (problem === "") break;
  }
  const line: PuddleLine = {
    kind: "proof",
    isProven: reason === "",
    reason: reason.slice(0, MAX_PROBLEM_LENGTH),
  };
  await emit(line);
};

/** Why the file proves nothing, or an empty text if it does; nothing if there is none. */
async function judge(folder: string, path: string): Promise<string | undefined> {
  const around = await lstatIfPresent(folder);
  const file = around?.isDirectory() ? await lstatIfPresent(path) : undefined;
  if (!around || !file) return undefined;
  const uid = geteuid?.();
  if (around.uid !== uid || (around.mode & OTHERS_WRITE) !== 0) {
    return `others may write to ${folder}`;
  }
  if (!file.isFile() || file.nlink !== 1) return "it is not a file with one name";
  if (file.uid !== uid) return `it belongs to uid ${file.uid}`;
  return (file.mode & 0o777) === 0o600 ? "" : "its mode is not 0600";
}
