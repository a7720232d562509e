import { join } from "node:path";

/**
 * A folder of one test's own, removed at the end of its scope with everything in it.
 *
 * The path is kept short (`/tmp/vigo-…`), since a Unix socket below it may have only 107 bytes of path.
 *
 * @example
 * ```ts
 * await using root = await TemporaryRoot.create();
 * await Deno.writeTextFile(root.join("server.yaml"), "…");
 * ```
 */
export class TemporaryRoot implements AsyncDisposable {
  /** Absolute, with symbolic links resolved (`/tmp` is one on macOS). */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(prefix = "vigo-"): Promise<TemporaryRoot> {
    const folder = await Deno.makeTempDir({ dir: "/tmp", prefix });
    return new TemporaryRoot(await Deno.realPath(folder));
  }

  /** The path of something in this folder; nothing is created. */
  join(...parts: readonly string[]): string {
    return join(this.path, ...parts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await Deno.remove(this.path, { recursive: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      // A product folder may be read-only on purpose; whoever owns it may still remove it.
      await makeFoldersWritable(this.path);
      await Deno.remove(this.path, { recursive: true });
    }
  }
}

async function makeFoldersWritable(folder: string): Promise<void> {
  await Deno.chmod(folder, 0o700);
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isDirectory) await makeFoldersWritable(join(folder, entry.name));
  }
}
