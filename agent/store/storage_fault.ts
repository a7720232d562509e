/** Results of SQLite that say what is wrong with the disk below it, not with the program (sqlite.org/rescode.html). */
const SQLITE_STORAGE_RESULTS = new Set([8, /* READONLY */ 10, /* IOERR */ 13 /* FULL */]);
/** The same in SQLite's words, for calls whose errors carry no result. */
const SQLITE_STORAGE_WORDS = new Set([
  "attempt to write a readonly database",
  "disk I/O error",
  "database or disk is full",
]);
/** What the system says of a disk that is full, over quota, read-only or failing. */
const SYSTEM_STORAGE_CODES = new Set(["ENOSPC", "EDQUOT", "EROFS", "EIO"]);

/**
 * What is wrong with the disk, if that is why `error` was thrown; undefined for anything else. Such a fault heals when
 * somebody makes room, so the agent waits for it; any other error that nobody expected ends the agent.
 */
export function storageFault(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("errcode" in error && typeof error.errcode === "number") {
    // Extended results carry the primary one in their low byte.
    return SQLITE_STORAGE_RESULTS.has(error.errcode & 0xff) ? error.message : undefined;
  }
  if (SQLITE_STORAGE_WORDS.has(error.message)) return error.message;
  const code = "code" in error ? error.code : undefined;
  if (typeof code === "string" && SYSTEM_STORAGE_CODES.has(code)) return error.message;
  // Errors of the runtime's own calls carry no code for these, only the system's words.
  return /\(os error (28|30|5|122)\)/.test(error.message) ? error.message : undefined;
}
