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
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  type Stats,
  statSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { geteuid } from "node:process";
import { type Sha256, sha256Hex } from "../../shared/crypto/sha256.ts";
import { BlockedError } from "./blocked_error.ts";
import { errorCode, FileError } from "./file_error.ts";
import type { Attributes, Entry, FileCopy, Files, NewFile, Owner } from "./files.ts";
import { HeldFolder, heldPath } from "./held_folder.ts";

const PERMISSION_BITS = 0o7777;
/** Of a folder that is not finished. */
const PRIVATE_FOLDER = 0o700;
/** Read at a time; between two pieces of a large file other work of the process gets its turn. */
const PIECE_BYTES = 1024 * 1024;
/** Reading a FIFO that somebody put in the way must not wait for a writer. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
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
      if (recursive) emptyFolder(folder, name, lstatSync(folder.child(name)).dev);
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

function within<T>(path: string, use: (at: string) => T): T {
  if (path === "/") return use("/");
  using folder = HeldFolder.open(dirname(path));
  return use(folder.child(basename(path)));
}

function attributesOf({ mode, uid, gid }: Stats): Attributes {
  return { mode: mode & PERMISSION_BITS, uid, gid };
}

function entryOf(at: string, found: Stats): Entry {
  const attributes = attributesOf(found);
  if (found.isFile()) return fileEntryOf(found);
  if (found.isDirectory()) return { kind: "directory", ...attributes };
  if (found.isSymbolicLink()) return { kind: "symlink", target: readlinkSync(at), ...attributes };
  return { kind: "other", ...attributes };
}

function fileEntryOf(found: Stats): FileCopy["entry"] {
  const stamp = `${found.ino}:${found.ctimeMs}:${found.size}`;
  return { kind: "file", sizeBytes: found.size, stamp, ...attributesOf(found) };
}

async function readPieces(path: string, take: (piece: Uint8Array) => void): Promise<void> {
  for await (const piece of streamPieces(path)) take(piece);
}

async function readWhole(path: string, maxBytes: number): Promise<FileCopy> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  let entry: FileCopy["entry"] | undefined;
  for await (const piece of streamPieces(path, (found) => entry = fileEntryOf(found))) {
    sizeBytes += piece.length;
    if (sizeBytes > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
    pieces.push(piece);
  }
  if (entry === undefined) throw new Error("unreachable: read without being looked at");
  return { entry, content: joinPieces(pieces, sizeBytes) };
}

/** A folder, pipe or device where a file was expected. */
class NoContentError extends Error {}

async function* streamPieces(
  path: string,
  see?: (found: Stats) => void,
): AsyncGenerator<Uint8Array> {
  const descriptor = within(path, (at) => openSync(at, READ_FLAGS));
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw new NoContentError("it is not a regular file");
    see?.(found);
    const pieceBytes = Math.min(PIECE_BYTES, found.size + 1);
    for (;;) {
      const piece = new Uint8Array(pieceBytes);
      const length = readSync(descriptor, piece);
      if (length === 0) return;
      yield piece.subarray(0, length);
      if (length === PIECE_BYTES) await nextTurn();
    }
  } finally {
    closeSync(descriptor);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function joinPieces(pieces: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const whole = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
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

function setAttributesAt(at: string, wanted: Partial<Attributes>, seen: Entry): void {
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
 * Whoever may rename entries of the folder above can put another one where the new folder was. An empty one that nobody but
 * this process's user may enter is worth nothing, so that it may be given away, whichever it is.
 */
function giveNewFolder(at: string, mode: number, owner: Partial<Owner>): void {
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
  const { uid = found.uid, gid = found.gid, mode = found.mode & PERMISSION_BITS } = wanted;
  if (uid !== found.uid || gid !== found.gid) fchownSync(descriptor, uid, gid);
  // After the owner: changing it clears the set-user-id bits.
  fchmodSync(descriptor, mode);
}

function emptyFolder(parent: HeldFolder, name: string, device: number): void {
  using folder = parent.openChild(name);
  for (const entry of readdirSync(folder.child("."))) {
    const at = folder.child(entry);
    const found = lstatSync(at);
    if (found.dev !== device) throw Object.assign(new Error(entry), { code: "EXDEV" });
    if (found.isDirectory()) {
      emptyFolder(folder, entry, device);
      rmdirSync(at);
    } else unlinkSync(at);
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
