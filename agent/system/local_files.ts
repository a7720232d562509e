import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { type Sha256, sha256Hex } from "../../shared/crypto/sha256.ts";
import { BlockedError } from "./blocked_error.ts";
import { emptyFolder } from "./empty_folder.ts";
import { attributesOf, entryOf } from "./entry_of_stats.ts";
import { errorCode, FileError } from "./file_error.ts";
import type { Attributes, Entry, FileCopy, Files, NewFile, Owner } from "./files.ts";
import { giveNewFolder, PRIVATE_FOLDER, setAttributesAt } from "./give_attributes.ts";
import { HeldFolder, within } from "./held_folder.ts";
import { NoContentError, readPieces, readWhole, streamPieces } from "./read_pieces.ts";

const CREATE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL |
  constants.O_NOFOLLOW;

/** The files of this machine. Small calls are synchronous: see {@linkcode HeldFolder}. */
export class LocalFiles implements Files {
  inspect(path: string): Promise<Entry | undefined> {
    return attempt("look at", path, () => {
      try {
        return within(path, (at) => {
          const found = lstatSync(at, { throwIfNoEntry: false });
          return found && entryOf(at, found);
        });
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  inspectFolderOf(path: string): Promise<Attributes> {
    return attempt("look at the folder of", path, () => {
      using folder = HeldFolder.open(dirname(path));
      return attributesOf(statSync(folder.child(".")));
    });
  }

  sha256(path: string): Promise<Sha256> {
    return attempt("read", path, async () => {
      const hash = createHash("sha256");
      await readPieces(path, (piece) => hash.update(piece));
      // Proven by construction: 32 bytes printed as hex.
      return hash.digest("hex") as Sha256;
    });
  }

  read(path: string, maxBytes: number): Promise<Uint8Array> {
    return attempt("read", path, async () => (await readWhole(path, maxBytes)).content);
  }

  readWithEntry(path: string, maxBytes: number): Promise<FileCopy | undefined> {
    return attempt("read", path, async () => {
      try {
        return await readWhole(path, maxBytes);
      } catch (error) {
        if (isMissing(error) || error instanceof NoContentError) return undefined;
        throw error;
      }
    });
  }

  async *readStream(path: string): AsyncGenerator<Uint8Array> {
    try {
      yield* streamPieces(path);
    } catch (error) {
      throw error instanceof FileError ? error : new FileError("read", path, error);
    }
  }

  list(path: string): Promise<readonly string[]> {
    return attempt("list", path, () => {
      using folder = HeldFolder.open(path);
      return readdirSync(folder.child("."));
    });
  }

  writeFile(path: string, file: NewFile): Promise<void> {
    return attempt("write", path, async () => {
      const name = basename(path);
      using folder = HeldFolder.open(dirname(path));
      const temporary = temporaryName(name);
      unlinkIfPresent(folder.child(temporary));
      try {
        await writeSynced(folder.child(temporary), file);
        await file.approve?.(join(folder.path, temporary));
        renameSync(folder.child(temporary), folder.child(name));
      } catch (error) {
        unlinkIfPresent(folder.child(temporary));
        throw error;
      }
      if (file.durable !== false) await syncFolder(folder);
    });
  }

  setAttributes(path: string, attributes: Partial<Attributes>, found: Entry): Promise<void> {
    return attempt(
      "change the attributes of",
      path,
      () => within(path, (at) => setAttributesAt(at, attributes, found)),
    );
  }

  makeDirectory(path: string, mode: number, owner: Partial<Owner> = {}): Promise<void> {
    return attempt("make folder", path, async () => {
      using folder = HeldFolder.open(dirname(path));
      const at = folder.child(basename(path));
      mkdirSync(at, PRIVATE_FOLDER);
      giveNewFolder(at, mode, owner);
      await syncFolder(folder);
    });
  }

  writeSymlink(path: string, target: string): Promise<void> {
    return attempt("write link", path, async () => {
      using folder = HeldFolder.open(dirname(path));
      const temporary = folder.child(temporaryName(basename(path)));
      unlinkIfPresent(temporary);
      symlinkSync(target, temporary);
      try {
        renameSync(temporary, folder.child(basename(path)));
      } catch (error) {
        unlinkIfPresent(temporary);
        throw error;
      }
      await syncFolder(folder);
    });
  }

  removeFile(path: string): Promise<void> {
    return attempt("remove", path, async () => {
      using folder = HeldFolder.open(dirname(path));
      unlinkSync(folder.child(basename(path)));
      await syncFolder(folder);
    });
  }

  removeDirectory(path: string, { recursive }: { readonly recursive: boolean }): Promise<void> {
    return attempt("remove folder", path, async () => {
      using folder = HeldFolder.open(dirname(path));
      const name = basename(path);
      if (recursive) emptyFolder(folder, name);
      rmdirSync(folder.child(name));
      await syncFolder(folder);
    });
  }
}

async function attempt<T>(doing: string, path: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    // What a content that is still arriving failed for is not about this file.
    const isNamed = error instanceof FileError || error instanceof BlockedError ||
      error instanceof Error && error.name === "AbortError";
    throw isNamed ? error : new FileError(doing, path, error);
  }
}

/** Derived from the name, so that a later run finds and removes what a killed one left; short enough for any name. */
function temporaryName(name: string): string {
  return `.vigo-tmp-${sha256Hex(name).slice(0, 16)}`;
}

async function writeSynced(at: string, file: NewFile): Promise<void> {
  const descriptor = openSync(at, CREATE_FLAGS, 0o600);
  try {
    if (file.content instanceof Uint8Array) writeWhole(descriptor, file.content);
    else for await (const piece of file.content) writeWhole(descriptor, piece);
    const found = fstatSync(descriptor);
    if (found.uid !== file.uid || found.gid !== file.gid) {
      fchownSync(descriptor, file.uid, file.gid);
    }
    // After the owner: changing it clears the set-user-id bits. Not in open, where the umask would mask them.
    fchmodSync(descriptor, file.mode);
    if (file.durable !== false) await sync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    written += writeSync(descriptor, bytes, written);
  }
}

async function syncFolder(folder: HeldFolder): Promise<void> {
  const descriptor = openSync(folder.child("."), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await sync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function sync(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) =>
    fsync(descriptor, (error) => error ? reject(error) : resolve())
  );
}

function unlinkIfPresent(at: string): void {
  try {
    unlinkSync(at);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}

function isMissing(error: unknown): boolean {
  return errorCode(error) === "ENOENT";
}
