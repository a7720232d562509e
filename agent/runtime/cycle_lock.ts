import { kill } from "node:process";
import { z } from "zod";
import { errorCode } from "../system/file_error.ts";

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

const holderSchema: z.ZodType<LockHolder> = z.object({
  pid: z.number().int().positive(),
  what: z.string(),
  sinceMs: z.number().int().min(0).max(8.64e15),
});

/** Longest text read from a lock file; it is written by this program, but by another process. */
const MAX_HOLDER_BYTES = 1_024;

/** Whoever can open a lock file, if only to read it, can take its lock: only the agent's own user may. */
const LOCK_MODE = 0o600;

/** A lock on a file, held until it is disposed or the process ends, however it ends. */
export class FileLock implements Disposable {
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /**
   * Takes the lock at once or not at all. The file is closed to other users, also one that an earlier version left open.
   *
   * @throws {LockHeldError} naming who holds it.
   */
  static async take(path: string, holder: LockHolder): Promise<FileLock> {
    const options = { read: true, write: true, create: true, mode: LOCK_MODE };
    const file = await Deno.open(path, options);
    await tighten(path, file);
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

/** The lock's folder belongs to the agent, so the path and the open file are the same. */
async function tighten(path: string, file: Deno.FsFile): Promise<void> {
  try {
    await Deno.chmod(path, LOCK_MODE);
  } catch (error) {
    file.close();
    throw error;
  }
}

async function readHolder(file: Deno.FsFile): Promise<string> {
  const buffer = new Uint8Array(MAX_HOLDER_BYTES);
  const length = await file.read(buffer) ?? 0;
  const holder = parseHolder(new TextDecoder().decode(buffer.subarray(0, length)));
  // Between taking the lock and writing its name a holder is anonymous, and the name in the file is the one before it.
  if (holder === undefined || !isAlive(holder.pid)) return "another process holds it";
  const { pid, what, sinceMs } = holder;
  return `${what} (pid ${pid}) holds it since ${new Date(sinceMs).toISOString()}`;
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    // Half written: its holder is as good as anonymous.
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch (error) {
    return errorCode(error) !== "ESRCH";
  }
}
