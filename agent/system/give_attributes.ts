import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  openSync,
  readdirSync,
  type Stats,
} from "node:fs";
import { geteuid } from "node:process";
import { attributesOf } from "./entry_of_stats.ts";
import type { Attributes, Entry, Owner } from "./files.ts";
import { heldPath } from "./held_folder.ts";
import { READ_FLAGS } from "./read_pieces.ts";

/** The mode of a folder that is not finished. */
export const PRIVATE_FOLDER = 0o700;

/** Changes who owns a file or folder and who may use it, unless it is another one than was seen. */
export function setAttributesAt(at: string, wanted: Partial<Attributes>, seen: Entry): void {
  const descriptor = openSync(at, READ_FLAGS);
  try {
    const found = fstatSync(descriptor);
    if (found.isFile() && found.nlink > 1) {
      // Another name may be a link that somebody made to a file that is not theirs.
      throw new Error(`it has ${found.nlink} names; remove the other hard links first`);
    }
    const kind = found.isFile() ? "file" : found.isDirectory() ? "directory" : "other";
    if (kind !== seen.kind || found.uid !== seen.uid || found.gid !== seen.gid) {
      throw new Error("something else has taken its place meanwhile");
    }
    give(descriptor, found, wanted);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Gives a folder that {@linkcode PRIVATE_FOLDER} was made with to its owner.
 *
 * Whoever may rename entries of the folder above can put another one where the new folder was. An empty one that nobody but
 * this process's user may enter is worth nothing, so that it may be given away, whichever it is.
 */
export function giveNewFolder(at: string, mode: number, owner: Partial<Owner>): void {
  const descriptor = openSync(at, READ_FLAGS | constants.O_DIRECTORY);
  try {
    const found = fstatSync(descriptor);
    const isPrivate = found.uid === geteuid?.() && (found.mode & 0o777 & ~PRIVATE_FOLDER) === 0;
    if (!isPrivate || readdirSync(heldPath(descriptor, at)).length > 0) {
      throw new Error("something else has taken its place meanwhile");
    }
    give(descriptor, found, { mode, ...owner });
  } finally {
    closeSync(descriptor);
  }
}

function give(descriptor: number, found: Stats, wanted: Partial<Attributes>): void {
  const { uid = found.uid, gid = found.gid, mode = attributesOf(found).mode } = wanted;
  if (uid !== found.uid || gid !== found.gid) fchownSync(descriptor, uid, gid);
  // After the owner: changing it clears the set-user-id bits.
  fchmodSync(descriptor, mode);
}
