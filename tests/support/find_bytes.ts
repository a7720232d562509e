import { Buffer } from "node:buffer";
import { join } from "node:path";

/**
 * Files below a folder whose bytes hold one of the texts, whatever else they are: databases with their logs, keys, reports.
 * Links are not followed, and what vanishes meanwhile is passed over.
 *
 * @param skip folders and files that may hold them, absolute.
 */
export async function findBytes(
  folder: string,
  texts: readonly string[],
  skip: ReadonlySet<string> = new Set(),
): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (skip.has(path)) continue;
    if (isDirectory) found.push(...await findBytes(path, texts, skip));
    else if (isFile && await holds(path, texts)) found.push(path);
  }
  return found.sort();
}

async function holds(path: string, texts: readonly string[]): Promise<boolean> {
  try {
    const bytes = Buffer.from(await Deno.readFile(path));
    return texts.some((text) => bytes.includes(text));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
