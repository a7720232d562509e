import { constants, lstatSync, type Stats } from "node:fs";
import { lstat, open } from "node:fs/promises";
import { geteuid } from "node:process";
import { UserError } from "../../shared/terminal/user_error.ts";
import { errorCode } from "../system/file_error.ts";

/** Bits of a mode that let somebody else read or write. */
export const OTHERS = 0o077;
/** Bits of a mode that let somebody else write. */
export const OTHERS_WRITE = 0o022;

/** What a file in a home must be to be believed. */
export interface FileRule {
  /** What it is, for an error: `identity.wrapped`. */
  readonly what: string;
  readonly maxBytes: number;
  /** Bits that its mode may not have. */
  readonly forbidden: number;
}

/**
 * The bytes of a file that belongs to the caller alone: no link, no second name, no pipe, nobody else's, not larger than
 * expected. Nothing if there is none.
 *
 * @throws {UserError} if there is one that must not be believed.
 */
export async function readGuarded(
  path: string,
  { what, maxBytes, forbidden }: FileRule,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let file;
  try {
    // Non-blocking, since a pipe that somebody planted would hold whoever opens it.
    file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw refuse(what, path, describeOpenFailure(error), error);
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw refuse(what, path, "it is not a file");
    if (stats.nlink !== 1) throw refuse(what, path, "it has another name elsewhere");
    judgeOwner(what, path, stats, forbidden);
    if (stats.size > maxBytes) {
      throw refuse(what, path, `it has ${stats.size} bytes, at most ${maxBytes} are expected`);
    }
    const bytes = new Uint8Array(stats.size);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}

/**
 * Whether there is a folder of the caller's own that nobody else may enter.
 *
 * @throws {UserError} if there is something that must not be believed.
 */
export async function isOwnFolder(path: string, what: string): Promise<boolean> {
  return judgeFolder(path, await lstatIfPresent(path), what);
}

/** {@linkcode isOwnFolder} for a process that has nothing else to do meanwhile. */
export function isOwnFolderSync(path: string, what: string): boolean {
  return judgeFolder(path, lstatSync(path, { throwIfNoEntry: false }), what);
}

function judgeFolder(path: string, stats: Stats | undefined, what: string): boolean {
  if (stats === undefined) return false;
  if (!stats.isDirectory()) throw refuse(what, path, "it is not a folder");
  judgeOwner(what, path, stats, OTHERS);
  return true;
}

/** What is at a path, links not followed; nothing if there is nothing. */
export async function lstatIfPresent(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** @throws {UserError} if it is not the caller's own, or its mode lets others do what is forbidden. */
export function judgeOwner(what: string, path: string, stats: Stats, forbidden: number): void {
  if (stats.uid !== geteuid?.()) {
    throw refuse(what, path, `it belongs to the user with the number ${stats.uid}`);
  }
  if ((stats.mode & forbidden) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, "0");
    const right = (stats.mode & ~forbidden & 0o777).toString(8).padStart(4, "0");
    throw refuse(what, path, `its mode ${mode} lets others in; run: chmod ${right} ${path}`);
  }
}

function refuse(what: string, path: string, why: string, cause?: unknown): UserError {
  return new UserError(`Cannot use ${what} ${path}: ${why}`, { cause });
}

function describeOpenFailure(error: unknown): string {
  if (errorCode(error) === "ELOOP") return "it is a symbolic link";
  return error instanceof Error ? error.message : String(error);
}
