import { join, relative } from "node:path";

/** Folders that hold the three programs and what they share. */
export const PRODUCT_FOLDERS = ["server", "agent", "cli", "shared"] as const;
/** Every folder with code of this repository. */
export const CODE_FOLDERS = [...PRODUCT_FOLDERS, "tests", "tools"] as const;

/** Code that tests read as data, wrong on purpose. */
const FIXTURES = "tests/fixtures";

/**
 * The TypeScript files below `folders` of `root`, and the modules of pages, which are JavaScript with types in their
 * comments, as sorted paths relative to it. A folder that does not exist has none.
 */
export async function listSourceFiles(
  root: string,
  folders: readonly string[] = CODE_FOLDERS,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of folders) await walk(root, join(root, folder), found);
  return found.sort();
}

async function walk(root: string, folder: string, found: string[]): Promise<void> {
  if (relative(root, folder) === FIXTURES) return;
  let entries: Deno.DirEntry[];
  try {
    entries = await Array.fromAsync(Deno.readDir(folder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory && entry.name !== "node_modules") await walk(root, path, found);
    if (entry.isFile && /\.(tsx?|js)$/.test(entry.name)) found.push(relative(root, path));
  }
}
