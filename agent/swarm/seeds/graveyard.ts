import type { Sha256 } from "../../../shared/crypto/sha256.ts";
import { syncFolder } from "../../../shared/platform/durable_write.ts";
import { removeIfPresent } from "../blobs/chunk_file.ts";
import type { FileScan } from "../hashing/hasher.ts";
import type { SwarmPaths } from "../swarm_paths.ts";

/**
 * Moves a revoked seed and its `.swarm` out of `seed/`. Files are moved, never copied, so a crash leaves each of them in
 * one of the two places.
 */
export async function bury(paths: SwarmPaths, label: string, sha256: Sha256): Promise<void> {
  const path = paths.seedFile(label);
  const grave = graveOf(paths, sha256);
  await Deno.rename(path, grave);
  try {
    await Deno.rename(`${path}.swarm`, `${grave}.swarm`);
  } catch (error) {
    // Somebody took it away, or a crash came between the two: the content is what counts.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  // The graveyard counts its days from here.
  await Deno.utime(grave, new Date(), new Date());
  await syncFolder(paths.graveyard);
  await syncFolder(paths.seed);
}

/**
 * Moves the content of a blob that nobody who counts speaks for into the graveyard, from where it comes back should its
 * entry count again.
 */
export async function buryBlob(paths: SwarmPaths, sha256: Sha256): Promise<void> {
  const grave = graveOf(paths, sha256);
  // Before the move, so that whatever counts days never sees an old date.
  await Deno.utime(paths.blob(sha256), new Date(), new Date());
  await Deno.rename(paths.blob(sha256), grave);
  await syncFolder(paths.graveyard);
  await syncFolder(paths.blobs);
}

/**
 * Takes a blob back, so that it need not travel again: verified, since anybody may have touched it meanwhile.
 *
 * @param scan Reads the file once and answers its digests.
 * @param keep Called with the digests before the content is in its place.
 * @returns Whether the blob now lies in `.blobs/`. A copy that turns out to be something else is removed.
 */
export async function exhume(
  paths: SwarmPaths,
  sha256: Sha256,
  scan: (path: string) => Promise<FileScan>,
  keep: (digests: FileScan["digests"]) => Promise<void>,
): Promise<boolean> {
  const grave = graveOf(paths, sha256);
  try {
    await Deno.lstat(grave);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  const found = await scan(grave);
  if (found.sha256 !== sha256) {
    await removeIfPresent(grave);
    await removeIfPresent(`${grave}.swarm`);
    return false;
  }
  await keep(found.digests);
  await Deno.rename(grave, paths.blob(sha256));
  await removeIfPresent(`${grave}.swarm`);
  return true;
}

/** Removes what has lain there for longer than `maxAgeMs`, each with its `.swarm`. */
export async function clearGraves(
  paths: SwarmPaths,
  nowMs: number,
  maxAgeMs: number,
): Promise<void> {
  for await (const { name } of Deno.readDir(paths.graveyard)) {
    if (name.endsWith(".swarm")) continue;
    const path = `${paths.graveyard}/${name}`;
    const { mtime } = await Deno.lstat(path);
    if (nowMs - (mtime?.getTime() ?? 0) <= maxAgeMs) continue;
    await removeIfPresent(path);
    await removeIfPresent(`${path}.swarm`);
  }
}

function graveOf(paths: SwarmPaths, sha256: Sha256): string {
  return `${paths.graveyard}/${sha256}`;
}
