import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { runOrThrow } from "./run_command.ts";

const MIB = 1024 * 1024;

/** A file system of a known small size, in memory; mounting it takes root on Linux. */
export class SmallDisk implements AsyncDisposable {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Mounts it on a folder, which is made if need be. Unmounted at the end of the scope, whoever still uses it. */
  static async mount(path: string, sizeMib: number): Promise<SmallDisk> {
    await Deno.mkdir(path, { recursive: true });
    await runOrThrow("mount", ["-t", "tmpfs", "-o", `size=${sizeMib}m`, "tmpfs", path]);
    return new SmallDisk(path);
  }

  /** Takes room until only so much is left. */
  async fill(freeMib: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#path);
    const excessMib = Math.floor(bavail * bsize / MIB) - freeMib;
    using file = await Deno.open(this.#filler, { write: true, create: true });
    const piece = new Uint8Array(MIB);
    for (let taken = 0; taken < excessMib; taken += 1) await file.write(piece);
  }

  /** Gives the room back. */
  async empty(): Promise<void> {
    await Deno.remove(this.#filler);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await runOrThrow("umount", ["--lazy", this.#path]);
  }

  get #filler(): string {
    return join(this.#path, "filler");
  }
}
