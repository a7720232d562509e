import type { SwarmPaths } from "../swarm_paths.ts";
import { removeIfPresent } from "./chunk_file.ts";

/** Removes what was left of downloads whose blob is complete. Says how many there were, and how many would not go. */
export async function removeStalePartials(
  paths: SwarmPaths,
  complete: readonly { readonly sha256: string }[],
): Promise<{ stalePartials: number; errors: number }> {
  let stalePartials = 0;
  let errors = 0;
  for (const { sha256 } of complete) {
    const partial = paths.partial(sha256);
    try {
      await Deno.lstat(partial);
      await removeIfPresent(partial);
      stalePartials += 1;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) errors += 1;
    }
  }
  return { stalePartials, errors };
}
