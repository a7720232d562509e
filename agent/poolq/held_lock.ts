import { closeSync, constants, openSync } from "node:fs";

/** Longest note in a lock. */
const MAX_NOTE_BYTES = 256;

/**
 * A lock between processes of one user on a file that is never replaced nor removed, so that all of them mean the same one.
 * The system gives it back when its process ends, however it ends.
 */
export class HeldLock implements Disposable {
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /**
   * Waits until nobody else holds it; whoever has it keeps it for as long as one command writes.
   *
   * @throws {Error} what `signal` was aborted with; a system error if the file cannot be made or is a link.
   */
  static async take(path: string, signal?: AbortSignal): Promise<HeldLock> {
    make(path);
    const file = Deno.openSync(path, { read: true, write: true });
    try {
      signal?.throwIfAborted();
      if (!file.tryLockSync(true)) await orAborted(file.lock(true), signal);
      return new HeldLock(file);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** What the last holder left to be known, if it came to leave something; no more than a hint, since it is not durable. */
  readNote(): string {
    const buffer = new Uint8Array(MAX_NOTE_BYTES);
    this.#file.seekSync(0, Deno.SeekMode.Start);
    const size = this.#file.readSync(buffer) ?? 0;
    return new TextDecoder().decode(buffer.subarray(0, size));
  }

  /** @param text short ASCII. */
  writeNote(text: string): void {
    this.#file.truncateSync(0);
    this.#file.seekSync(0, Deno.SeekMode.Start);
    this.#file.writeSync(new TextEncoder().encode(text));
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** Not through a link: what is locked must be the file of this folder. */
function make(path: string): void {
  const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  closeSync(openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600));
}

function orAborted(work: Promise<void>, signal?: AbortSignal): Promise<void> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
