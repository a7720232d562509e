import { isSha256 } from "../../../shared/crypto/sha256.ts";
import type { SwarmPaths } from "../swarm_paths.ts";

/** What a clean-up removed, and what would not go. */
export interface CleanUp {
  readonly danglingLinks: number;
  readonly stalePartials: number;
  readonly errors: number;
}

/**
 * Removes what was left of downloads whose blob is complete.
 *
 * Synchronous, so that nothing of this thread can begin in between: a blob that turns back into a partial while its folder is
 * being removed would be lost.
 *
 * @param complete SHA-256 of blobs that are here as a whole, and that nobody is fetching.
 */
export function removeStalePartials(
  paths: SwarmPaths,
  complete: Iterable<string>,
): Pick<CleanUp, "stalePartials" | "errors"> {
  let stalePartials = 0;
  let errors = 0;
  for (const sha256 of complete) {
    const partial = paths.partial(sha256);
    try {
      Deno.lstatSync(partial);
      Deno.removeSync(partial, { recursive: true });
      stalePartials += 1;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) errors += 1;
    }
  }
  return { stalePartials, errors };
}

/** SHA-256 of the blobs that lie in a folder without an engine, or link to a seed that is there. */
export function completeBlobs({ blobs }: SwarmPaths): string[] {
  const names = entriesOf(blobs).map(({ name }) => name).filter(isSha256);
  return names.filter((sha256) => leadsSomewhere(`${blobs}/${sha256}`));
}

/** Removes links in `files/` and `.blobs/` that lead nowhere, where no engine keeps them in order. */
export function removeDanglingLinks(
  { files, blobs }: SwarmPaths,
): Pick<CleanUp, "danglingLinks" | "errors"> {
  let danglingLinks = 0;
  let errors = 0;
  for (const folder of [files, blobs]) {
    for (const { name, isSymlink } of entriesOf(folder)) {
      const path = `${folder}/${name}`;
      if (!isSymlink || leadsSomewhere(path)) continue;
      try {
        Deno.removeSync(path);
        danglingLinks += 1;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) errors += 1;
      }
    }
  }
  return { danglingLinks, errors };
}

function entriesOf(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch (error) {
    // An envoy that never took part has no such folder.
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** What cannot be looked at is left alone. */
function leadsSomewhere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}
