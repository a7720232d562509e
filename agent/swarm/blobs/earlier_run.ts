import { join } from "node:path";
import { Bitmap } from "../../../shared/swarm/bitmap.ts";
import { digestOfChunks, layoutOf } from "../../../shared/swarm/chunk_layout.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import type { SwarmPaths } from "../swarm_paths.ts";
import { readIfPresent, removeIfPresent } from "./chunk_file.ts";

/** The digest list that an earlier run left in the partial folder of this blob, if it is whole. */
export async function readKeptDigests(
  paths: SwarmPaths,
  entry: ManifestEntry,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const digests = await readIfPresent(join(paths.partial(entry.sha256), "digests"));
  return digests && digestOfChunks(digests) === entry.chunksDigest ? digests : undefined;
}

/**
 * The chunks of which an earlier run said that they are safely in the data file; `undefined` if it left no digests, or those of
 * something else. Its bits say nothing then, and are removed.
 */
export async function readKeptChunks(
  paths: SwarmPaths,
  entry: ManifestEntry,
): Promise<Bitmap | undefined> {
  const bitmap = join(paths.partial(entry.sha256), "bitmap");
  if (!await readKeptDigests(paths, entry)) {
    await removeIfPresent(bitmap);
    return undefined;
  }
  const { count } = layoutOf(entry);
  const bits = await readIfPresent(bitmap);
  return (bits && Bitmap.fromBytes(count, bits)) ?? new Bitmap(count);
}
