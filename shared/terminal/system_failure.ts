/** What the system said of a file, in words, by its code. */
const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "not permitted",
  ENOENT: "no such file or folder",
  ENOTDIR: "a part of the path is not a folder",
  EISDIR: "it is a folder",
  EEXIST: "something is there already",
  ENOTEMPTY: "the folder is not empty",
  ELOOP: "a symbolic link is in the way",
  ENOSPC: "no space left on device",
  EDQUOT: "disk quota exceeded",
  EROFS: "the file system is read-only",
  EIO: "input/output error",
  EFBIG: "the file is too large for the file system",
  EXDEV: "it lies on another file system",
  EBUSY: "it is in use",
};

/** Errors of the runtime that come without a code. */
const CODES: Readonly<Record<string, string>> = { NotFound: "ENOENT", PermissionDenied: "EACCES" };

/** What a runtime that closes a path to a program says, whatever rights the person has. */
const CLOSED = "it is closed to this program, as /proc and /sys are";

/** Why a file could not be used. */
export interface SystemFailure {
  /** In words, to follow a colon. */
  readonly reason: string;
  /** The path, as far as the error names one; of a move the place it was to end at. */
  readonly path: string | undefined;
}

/** What the machine refused a file for, or `undefined` if the error is of another kind. */
export function systemFailure(error: unknown): SystemFailure | undefined {
  if (!(error instanceof Error)) return undefined;
  const { message, name } = error;
  const path = lastPath(message);
  if (name === "NotCapable") return { reason: CLOSED, path };
  const reason = MEANINGS["code" in error ? String(error.code) : CODES[name] ?? ""];
  return reason === undefined ? undefined : { reason, path };
}

/** Sockets are named without quotes, at the end. */
function lastPath(message: string): string | undefined {
  return [...message.matchAll(/'([^']+)'|"([^"]+)"| (\/\S+)$/g)]
    .map(([, one, other, socket]) => one ?? other ?? socket).at(-1);
}

/** Why a file that the message names already could not be used: without the system's number and path. */
export function systemReason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return systemFailure(error)?.reason ?? text.replace(/ \(os error \d+\).*$/s, "");
}
