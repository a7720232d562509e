import { z } from "zod";
import { isSha256 } from "../../../shared/crypto/sha256.ts";
import { writeFileAtomic, writeFileDurable } from "../../../shared/platform/durable_write.ts";
import { Bitmap } from "../../../shared/swarm/bitmap.ts";
import { type ChunkLayout, digestOfChunks, layoutOf } from "../../../shared/swarm/chunk_layout.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { readChunk, readIfPresent, removeIfPresent } from "./chunk_file.ts";
import { PartialBlob } from "./partial_blob.ts";
import type { SwarmPaths } from "../swarm_paths.ts";
import { chunkDetailSchema, MAX_SLOWEST } from "./slowest_chunks.ts";
import { verifyChunk } from "./verify_chunk.ts";

/** What is remembered about how a blob came here: the `.sources` file beside it. */
export const blobRecordSchema = z.object({
  /** Stamp of the entry under which it was fetched. */
  stamp: z.number(),
  /** Chunks by hostname, `cached` or `server`. */
  sources: z.record(z.string(), z.number()),
  activeDownloadMs: z.number(),
  /** The chunks that took longest; absent where none was fetched. */
  slowest: z.array(chunkDetailSchema).max(MAX_SLOWEST).optional(),
  /** Absent while it is in flight. */
  completedMs: z.number().optional(),
});
export type BlobRecord = z.infer<typeof blobRecordSchema>;

/** A complete blob in `.blobs/`. */
export interface StoredBlob {
  readonly sha256: string;
  readonly path: string;
  readonly record: BlobRecord & { readonly completedMs: number };
}

/** Digest lists kept in memory: 256 KiB each at most. */
const MAX_CACHED_DIGESTS = 16;
/** Blobs whose size is looked at in one look after the first, so that a look costs the same however many there are. */
const SIZES_PER_LOOK = 256;

/** The complete blobs of this envoy. What is still in flight is a `PartialBlob`, what is seeded belongs to the seed keeper. */
export class BlobStore {
  readonly #paths: SwarmPaths;
  readonly #blobs = new Map<string, StoredBlob>();
  readonly #digests = new Map<string, Uint8Array<ArrayBuffer>>();
  /** Demotions under way: whoever asks for the same one meanwhile waits for it. */
  readonly #demotions = new Map<string, Promise<void>>();
  /** Blobs whose size the next looks read; absent before the first, which reads all. */
  #unlooked: string[] | undefined;

  private constructor(paths: SwarmPaths) {
    this.#paths = paths;
  }

  /** Opens the store, making its folders if need be, and lists what is there. */
  static async open(paths: SwarmPaths): Promise<BlobStore> {
    const store = new BlobStore(paths);
    for (
      const [folder, mode] of [
        [paths.root, 0o755],
        [paths.files, 0o755],
        [paths.seed, 0o755],
        [paths.blobs, 0o700],
        [paths.graveyard, 0o700],
      ] as const
    ) {
      await Deno.mkdir(folder, { recursive: true });
      await Deno.chmod(folder, mode);
    }
    for await (const { name, isFile } of Deno.readDir(paths.blobs)) {
      if (isFile && isSha256(name)) await store.#adopt(name);
    }
    return store;
  }

  get(sha256: string): StoredBlob | undefined {
    return this.#blobs.get(sha256);
  }

  get size(): number {
    return this.#blobs.size;
  }

  all(): StoredBlob[] {
    return [...this.#blobs.values()];
  }

  /** The chunk digests of a blob that is held or seeded; `undefined` if they are lost or not those of the entry. */
  async digests(
    { sha256, chunksDigest }: Pick<ManifestEntry, "sha256" | "chunksDigest">,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const cached = this.#digests.get(sha256);
    if (cached) return cached;
    const digests = await readIfPresent(this.#paths.digests(sha256));
    if (!digests || digestOfChunks(digests) !== chunksDigest) return undefined;
    if (this.#digests.size >= MAX_CACHED_DIGESTS) this.#digests.clear();
    this.#digests.set(sha256, digests);
    return digests;
  }

  /** Keeps the digests of a blob whose content lies elsewhere. */
  async keepDigests(sha256: string, digests: Uint8Array<ArrayBuffer>): Promise<void> {
    await writeFileDurable(this.#paths.digests(sha256), digests, { mode: 0o600 });
    this.#digests.delete(sha256);
  }

  /** Notes a blob that has just been put in place. */
  async add(sha256: string, record: StoredBlob["record"]): Promise<void> {
    await this.writeRecord(sha256, record);
    this.#blobs.set(sha256, { sha256, path: this.#paths.blob(sha256), record });
  }

  /** Notes where the chunks of a blob came from so far; a loss of power may forget it, and nothing else. */
  async writeRecord(sha256: string, record: BlobRecord): Promise<void> {
    await writeFileAtomic(this.#paths.sources(sha256), JSON.stringify(record), { mode: 0o600 });
  }

  async readRecord(sha256: string): Promise<BlobRecord | undefined> {
    const bytes = await readIfPresent(this.#paths.sources(sha256));
    if (!bytes) return undefined;
    try {
      return blobRecordSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data;
    } catch {
      // A sidecar that a crash or a person damaged: who gave which chunk is forgotten, nothing else.
      return undefined;
    }
  }

  /**
   * Forgets blobs whose file somebody removed, so that they are fetched again. Returns their digests. Costs one listing of the
   * folder, however many there are.
   */
  async dropMissing(): Promise<string[]> {
    // What is added while the folder is listed may not be in the list.
    const before = this.all();
    if (before.length === 0) return [];
    const names = await listNames(this.#paths.blobs);
    const missing = before.filter((stored) =>
      !names.has(stored.sha256) && this.#blobs.get(stored.sha256) === stored
    ).map(({ sha256 }) => sha256);
    for (const sha256 of missing) await this.remove(sha256);
    return missing;
  }

  /**
   * Demotes blobs whose file has not the size of their entry, as one that somebody cut short; of those whose digests are lost
   * nothing is kept. The first call looks at every blob, each later one at {@linkcode SIZES_PER_LOOK}, in turn.
   *
   * @param entryOf The live entry of a blob; a blob without one is left alone.
   * @returns Their SHA-256.
   */
  async demoteMisfits(
    entryOf: (sha256: string) => ManifestEntry | undefined,
  ): Promise<string[]> {
    const due = this.#unlooked?.splice(0, SIZES_PER_LOOK) ?? [...this.#blobs.keys()];
    if (!this.#unlooked || this.#unlooked.length === 0) this.#unlooked = [...this.#blobs.keys()];
    const demoted: string[] = [];
    for (const sha256 of due) {
      const stored = this.#blobs.get(sha256);
      const entry = stored && entryOf(sha256);
      if (!entry || await hasSize(stored.path, entry.sizeBytes)) continue;
      if (await readIfPresent(this.#paths.digests(sha256))) await this.demote(entry);
      else if (this.#blobs.get(sha256) === stored) await this.remove(sha256);
      if (!this.#blobs.has(sha256)) demoted.push(sha256);
    }
    return demoted;
  }

  /**
   * Turns a complete blob that is damaged back into one in flight, to be mended by the next download: it lacks the damaged
   * chunk, and where the file has the wrong size every chunk that does not verify. A crash leaves the blob or the partial,
   * never both as complete.
   */
  async demote(entry: ManifestEntry, damaged?: number): Promise<void> {
    const { sha256 } = entry;
    const underWay = this.#demotions.get(sha256);
    if (underWay) return await underWay;
    const demotion = this.#demote(entry, damaged).finally(() => this.#demotions.delete(sha256));
    this.#demotions.set(sha256, demotion);
    await demotion;
  }

  async #demote(entry: ManifestEntry, damaged: number | undefined): Promise<void> {
    const { sha256 } = entry;
    const stored = this.#blobs.get(sha256);
    const digests = await this.digests(entry);
    if (!stored || !digests) return;
    const layout = layoutOf(entry);
    const held = await hasSize(stored.path, entry.sizeBytes)
      ? Bitmap.full(layout.count)
      : await soundChunks(stored.path, layout, digests);
    if (damaged !== undefined) held.clear(damaged);
    if (this.#blobs.get(sha256) !== stored) return;
    this.#blobs.delete(sha256);
    await PartialBlob.adopt(this.#paths, entry, { content: stored.path, digests, held });
    const { completedMs: _completedMs, ...record } = stored.record;
    await this.writeRecord(sha256, record);
    await removeIfPresent(this.#paths.digests(sha256));
    this.#digests.delete(sha256);
  }

  /** Removes a blob and what is known about it. */
  async remove(sha256: string): Promise<void> {
    this.#blobs.delete(sha256);
    this.#digests.delete(sha256);
    await removeIfPresent(this.#paths.blob(sha256));
    await removeIfPresent(this.#paths.digests(sha256));
    await removeIfPresent(this.#paths.sources(sha256));
    await removeIfPresent(this.#paths.partial(sha256));
  }

  async #adopt(sha256: string): Promise<void> {
    const path = this.#paths.blob(sha256);
    const record = await this.readRecord(sha256);
    const { mtime } = await Deno.stat(path);
    // A crash between the rename and the sidecar leaves a blob whose age the file itself tells.
    const completedMs = record?.completedMs ?? mtime?.getTime() ?? Date.now();
    this.#blobs.set(sha256, {
      sha256,
      path,
      record: { stamp: 0, sources: {}, activeDownloadMs: 0, ...record, completedMs },
    });
    await removeIfPresent(this.#paths.partial(sha256));
  }
}

/** Whether a file has this many bytes; one that is gone is another's concern. */
async function hasSize(path: string, sizeBytes: number): Promise<boolean> {
  try {
    return (await Deno.stat(path)).size === sizeBytes;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}

/** The chunks of a file whose bytes are those of the digests, read one by one. */
async function soundChunks(
  path: string,
  layout: ChunkLayout,
  digests: Uint8Array,
): Promise<Bitmap> {
  const sound = new Bitmap(layout.count);
  for (let chunk = 0; chunk < layout.count; chunk += 1) {
    if (verifyChunk(digests, chunk, await readChunk(path, layout, chunk))) sound.set(chunk);
  }
  return sound;
}

/** The names in a folder; none if somebody removed it. */
async function listNames(folder: string): Promise<ReadonlySet<string>> {
  try {
    return new Set(await Array.fromAsync(Deno.readDir(folder), ({ name }) => name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Set();
    throw error;
  }
}
