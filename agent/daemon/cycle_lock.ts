/** Who holds a lock, as its file says. */
export interface LockHolder {
  readonly pid: number;
  /** What it does, for the message to a second one. */
  readonly what: string;
  readonly sinceMs: number;
}

/** Somebody else holds the lock. */
export class LockHeldError extends Error {
  override readonly name = "LockHeldError";
}

/** Longest text read from a lock file; it is written by this program, but by another process. */
const MAX_HOLDER_BYTES = 1_024;

/** A lock on a file, held until it is disposed or the process ends, however it ends. */
export class FileLock implements Disposable {
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /**
   * Takes the lock at once or not at all.
   *
   * @throws {LockHeldError} naming who holds it.
   */
  static async take(path: string, holder: LockHolder): Promise<FileLock> {
    const file = await Deno.open(path, { read: true, write: true, create: true, mode: 0o644 });
    if (!await file.tryLock(true)) {
      const text = await readHolder(file);
      file.close();
      throw new LockHeldError(`${text} (lock file ${path})`);
    }
    await file.truncate(0);
    await file.write(new TextEncoder().encode(JSON.stringify(holder)));
    return new FileLock(file);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

async function readHolder(file: Deno.FsFile): Promise<string> {
  const buffer = new Uint8Array(MAX_HOLDER_BYTES);
  const length = await file.read(buffer) ?? 0;
  try {
    const { pid, what, sinceMs } = JSON.parse(new TextDecoder().decode(buffer.subarray(0, length)));
    return `${what} (pid ${Number(pid)}) holds it since ${new Date(Number(sinceMs)).toISOString()}`;
  } catch {
    // Between taking the lock and writing its name a holder is anonymous.
    return "another vigo process holds it";
  }
}
