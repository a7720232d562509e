/** What the system said, in words; a code that is not here is shown as it is. */
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

/** Faults of the machine under a resource; the resource itself is not to blame and will heal with the machine. */
const INFRASTRUCTURE_CODES: ReadonlySet<string> = new Set([
  "ENOSPC",
  "EDQUOT",
  "EROFS",
  "EIO",
  "EMFILE",
  "ENFILE",
  "ENOMEM",
]);

/** A file operation that failed: what was being done, to which path, and what the system said. */
export class FileError extends Error {
  override readonly name = "FileError";
  /** The system's code, like `ENOSPC`; empty if there was none. */
  readonly code: string;

  constructor(doing: string, path: string, cause: unknown) {
    const code = errorCode(cause) ?? "";
    const detail = MEANINGS[code] ?? (cause instanceof Error ? cause.message : String(cause));
    super(`Cannot ${doing} "${path}": ${detail}`, { cause });
    this.code = code;
  }
}

/** Whether an error means that the machine, not the resource, is at fault: a full disk, a read-only file system. */
export function isInfrastructureFault(error: unknown): boolean {
  return error instanceof FileError && INFRASTRUCTURE_CODES.has(error.code);
}

/** The code of a system error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}
