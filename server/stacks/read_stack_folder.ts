import { join } from "node:path";
import type { ConfigProblem } from "../../shared/rest/config.ts";
import type { StackFile } from "./load_stacks.ts";
import { MAX_VGO_LENGTH } from "./parse_vgo.ts";
import { compareText } from "./problem_list.ts";

/** Most files in one tree: ten thousand hosts with a leaf file each, and the crates beside them. */
export const MAX_STACK_FILES = 20_000;
/** Largest tree, in bytes: it is held in memory, hashed and copied with each publish. */
export const MAX_STACK_BYTES = 64 * 1024 * 1024;
/** Largest single file, in bytes: a template of the longest kind, or a `.vgo` in the longest encoding. */
export const MAX_STACK_FILE_BYTES = 4 * 1024 * 1024;
/** Deepest folder. */
const MAX_FOLDER_DEPTH = 16;
/** Longest path below `stacks/`, in characters; it appears in every message and bundle. */
const MAX_STACK_PATH_LENGTH = 512;

/** What was found in a folder of stacks. */
export interface StackFolder {
  /** Sorted by path. */
  readonly files: readonly StackFile[];
  readonly problems: readonly ConfigProblem[];
}

/**
 * Reads every `.vgo` file and everything below `templates/` in `folder`. Names that begin with a dot are passed over, and
 * so are other files outside `templates/` (a README, a licence). Symbolic links are followed only to files inside `folder`.
 *
 * @throws {Deno.errors.NotFound} if the folder is not there, and whatever else the file system reports.
 */
export async function readStackFolder(folder: string): Promise<StackFolder> {
  const root = await Deno.realPath(folder);
  const reader = new FolderReader(root);
  await reader.walk("", 0);
  reader.files.sort((a, b) => compareText(a.path, b.path));
  return reader;
}

class FolderReader implements StackFolder {
  readonly files: StackFile[] = [];
  readonly problems: ConfigProblem[] = [];
  #totalBytes = 0;
  #overLimit = false;

  constructor(private readonly root: string) {}

  async walk(below: string, depth: number): Promise<void> {
    if (depth > MAX_FOLDER_DEPTH) {
      return this.#refuse(below, `folder is deeper than ${MAX_FOLDER_DEPTH} levels`);
    }
    for await (const entry of Deno.readDir(join(this.root, below))) {
      if (entry.name.startsWith(".") || this.#overLimit) continue;
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (path.length > MAX_STACK_PATH_LENGTH) {
        this.#refuse(path, `path is longer than ${MAX_STACK_PATH_LENGTH} characters`);
      } else if (entry.isDirectory) await this.walk(path, depth + 1);
      else if (entry.isSymlink || this.#isWanted(path)) {
        await this.#tryFile(path, entry.isSymlink);
      }
    }
  }

  #isWanted(path: string): boolean {
    if (path.startsWith("templates/") || path.endsWith(".vgo")) return true;
    if (/\.ya?ml$/.test(path)) {
      this.#refuse(path, 'file is not read: stacks end in ".vgo", rename it');
    }
    return false;
  }

  async #tryFile(path: string, isSymlink: boolean): Promise<void> {
    try {
      await this.#readFile(path, isSymlink);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) {
        this.#refuse(path, "file vanished while the stacks were read: try again");
      } else if (error instanceof Deno.errors.PermissionDenied) {
        this.#refuse(path, "file cannot be read: give the server the right to");
      } else throw error;
    }
  }

  async #readFile(path: string, isSymlink: boolean): Promise<void> {
    const real = isSymlink ? await this.#resolveLink(path) : join(this.root, path);
    if (real === undefined) return;
    const { isFile, size } = await Deno.stat(real);
    if (!isFile) return this.#refuse(path, "not a regular file: expected one, or a link to one");
    if (isSymlink && !this.#isWanted(path)) return;
    if (size > MAX_STACK_FILE_BYTES) {
      // A `.vgo` of this size is over its own, lower limit whatever its encoding.
      const limit = path.endsWith(".vgo")
        ? `${MAX_VGO_LENGTH} characters`
        : String(MAX_STACK_FILE_BYTES);
      return this.#refuse(path, `file of ${size} bytes: the limit is ${limit}`);
    }
    const bytes = await Deno.readFile(real);
    this.#totalBytes += bytes.length;
    if (this.files.length >= MAX_STACK_FILES || this.#totalBytes > MAX_STACK_BYTES) {
      this.#overLimit = true;
      return this.#refuse(
        path,
        `tree is too large: the limits are ${MAX_STACK_FILES} files and ${MAX_STACK_BYTES} bytes`,
      );
    }
    this.files.push({ path, bytes });
  }

  async #resolveLink(path: string): Promise<string | undefined> {
    try {
      const real = await Deno.realPath(join(this.root, path));
      if (real.startsWith(`${this.root}/`)) return real;
      this.#refuse(path, "symbolic link leads out of the stacks: replace it with the file");
    } catch (error) {
      // A loop, a missing target, or a target that the server may not even look at.
      if (!(error instanceof Error)) throw error;
      this.#refuse(path, "symbolic link leads nowhere, or out of the stacks: remove it");
    }
    return undefined;
  }

  #refuse(file: string, message: string): void {
    this.problems.push({ file, line: 1, column: 1, message });
  }
}
