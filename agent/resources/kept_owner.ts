import { dirname } from "node:path";
import type { Attributes, Entry } from "../system/files.ts";
import type { ApplyContext } from "./resource.ts";

/** Who may write to a folder without being its owner, as bits of its mode. */
export const GROUP_AND_OTHERS = 0o022;
export const OTHERS = 0o002;

/**
 * Whether somebody who may write to the folder, but should have no say, could have put this entry there to own what comes
 * into it. It is not so of what root or the agent's user owns, of what lies in a folder that they alone write to, and of what
 * belongs to the folder's owner, if the same can be said of the folder.
 */
export async function isPlanted(
  path: string,
  { uid }: Pick<Entry, "uid">,
  writers: typeof GROUP_AND_OTHERS | typeof OTHERS,
  { files, self }: Pick<ApplyContext, "files" | "self">,
): Promise<boolean> {
  const isOurs = (id: number) => id === 0 || id === self.uid;
  let below = uid;
  for (let at = path; !isOurs(below); at = dirname(at)) {
    const folder: Attributes = await files.inspectFolderOf(at);
    if (folder.uid !== below) return !isOurs(folder.uid) || (folder.mode & writers) !== 0;
    below = folder.uid;
    if (dirname(at) === at) return false;
  }
  return false;
}
