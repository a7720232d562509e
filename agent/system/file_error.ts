import { systemReason } from "../../shared/terminal/system_failure.ts";

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
    super(`Cannot ${doing} "${path}": ${systemReason(cause)}`, { cause });
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
