import { SwarmPaths } from "../swarm_paths.ts";
import {
  type CleanUp,
  completeBlobs,
  removeDanglingLinks,
  removeStalePartials,
} from "./stale_partials.ts";

/**
 * Removes what belongs to nothing any more from a folder that no engine works in.
 *
 * Synchronous from end to end: no engine can be started meanwhile.
 */
export function cleanFolder(folder: string): CleanUp {
  const paths = new SwarmPaths(folder);
  const partials = removeStalePartials(paths, completeBlobs(paths));
  const links = removeDanglingLinks(paths);
  return { ...partials, ...links, errors: partials.errors + links.errors };
}
