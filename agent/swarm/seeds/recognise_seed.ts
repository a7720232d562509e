import { isSha256 } from "../../../shared/crypto/sha256.ts";
import { chooseChunkSize, digestOfChunks } from "../../../shared/swarm/chunk_layout.ts";
import type { BlobStore } from "../blobs/blob_store.ts";
import type { Hasher } from "../hashing/hasher.ts";
import type { SwarmPaths } from "../swarm_paths.ts";
import type { FoundSeed } from "./seed_folder.ts";
import type { KnownSeed } from "./seed_publisher.ts";
import { identityOf, sameFile, type SeedRecord } from "./seed_record.ts";

export interface RecogniseOptions {
  readonly paths: SwarmPaths;
  readonly store: Pick<BlobStore, "digests" | "keepDigests">;
  readonly hasher: Pick<Hasher, "scan">;
  /** Called with what a file was found to be, before its digests are kept. */
  readonly note: (record: SeedRecord) => void;
}

/**
 * The digests of a file, from the cache if it is the same file; `undefined` if it changed while it was read.
 *
 * @param known What was known under its name.
 */
export async function recogniseSeed(
  { name, identity }: FoundSeed,
  known: SeedRecord | undefined,
  { paths, store, hasher, note }: RecogniseOptions,
): Promise<KnownSeed | undefined> {
  if (known && sameFile(known.identity, identity)) {
    const digests = await store.digests(asFacts(known));
    if (digests) return { ...known, ...asFacts(known) };
  }
  const path = paths.seedFile(name);
  const chunkSizeBytes = chooseChunkSize(identity.sizeBytes);
  const scan = await hasher.scan(path, chunkSizeBytes);
  const after = identityOf(await Deno.lstat(path));
  if (!sameFile(after, identity) || !isSha256(scan.sha256)) return undefined;
  const facts = { sha256: scan.sha256, chunksDigest: digestOfChunks(scan.digests) };
  const record = { identity: after, chunkSizeBytes, ...facts };
  // In this order: digests of what is nobody's seed are cleared away.
  note(record);
  await store.keepDigests(scan.sha256, scan.digests);
  return record;
}

/** Whether the file at `path` is still the one that was hashed. */
export async function isUnchanged(
  path: string,
  { identity }: Pick<SeedRecord, "identity">,
): Promise<boolean> {
  try {
    return sameFile(identityOf(await Deno.lstat(path)), identity);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function asFacts({ sha256, chunksDigest }: SeedRecord): Pick<KnownSeed, "sha256" | "chunksDigest"> {
  if (isSha256(sha256) && isSha256(chunksDigest)) return { sha256, chunksDigest };
  throw new Error(`Cannot use seed record of "${sha256}": it is not a SHA-256`);
}
