import { join } from "node:path";
import { syncFolder, writeFileDurable } from "../../../shared/platform/durable_write.ts";
import { Bitmap } from "../../../shared/swarm/bitmap.ts";
import { type ChunkLayout, chunkSpan, layoutOf } from "../../../shared/swarm/chunk_layout.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { makeFolder, readChunk, removeIfPresent } from "./chunk_file.ts";
import { readKeptChunks } from "./earlier_run.ts";
import type { SwarmPaths } from "../swarm_paths.ts";
import { verifyChunk } from "./verify_chunk.ts";

/** Chunks written between two syncs; what came since the last one is fetched again after a crash. */
const GROUP_CHUNKS = 32;
/** A group is synced after this time even if it is small. */
const GROUP_MS = 1000;

/** Somebody removed the folder of a blob in flight. */
export class PartialGoneError extends Error {
  constructor(cause: unknown) {
    super("its partial folder is gone", { cause });
    this.name = "PartialGoneError";
  }
}

/**
 * A blob in flight: `.blobs/<sha>.partial/` with one sparse file, the digest list, and a bitmap.
 *
 * The bitmap on disk never claims a chunk that is not safely in the data file: data is synced first, then the bitmap is
 * replaced. After a crash it may claim less than is there. What is complete before its first sync leaves neither bitmap nor
 * digests there.
 */
export class PartialBlob {
  readonly layout: ChunkLayout;
  readonly digests: Uint8Array<ArrayBuffer>;
  /** Chunks that are verified and written. */
  readonly chunks: Bitmap;
  /** Where the content lies until it is complete. */
  readonly dataPath: string;
  readonly #paths: SwarmPaths;
  readonly #entry: ManifestEntry;
  readonly #file: Deno.FsFile;
  /** Opened by the first group: a blob that is complete before does without. */
  #syncHandle: Deno.FsFile | undefined;
  #queue: Promise<void> = Promise.resolve();
  #syncing: Promise<void> = Promise.resolve();
  #unsynced = 0;
  #syncTimer: ReturnType<typeof setTimeout> | undefined;
  #failure: unknown;
  #closed = false;
  /** Whether the digest list lies beside the data: with the first group, so that a small blob does without. */
  #hasKeptDigests: boolean;

  private constructor(
    paths: SwarmPaths,
    entry: ManifestEntry,
    digests: Uint8Array<ArrayBuffer>,
    left: Bitmap | undefined,
    file: Deno.FsFile,
  ) {
    this.#paths = paths;
    this.#entry = entry;
    this.#file = file;
    this.layout = layoutOf(entry);
    this.digests = digests;
    this.chunks = left ?? new Bitmap(this.layout.count);
    this.#hasKeptDigests = left !== undefined;
    this.dataPath = join(paths.partial(entry.sha256), "data");
  }

  /**
   * Opens what an earlier run left, or begins anew.
   *
   * @param digests The digest list, verified against the entry.
   */
  static async open(
    paths: SwarmPaths,
    entry: ManifestEntry,
    digests: Uint8Array<ArrayBuffer>,
  ): Promise<PartialBlob> {
    const folder = paths.partial(entry.sha256);
    const left = await makeFolder(folder) === "new"
      ? undefined
      : await readKeptChunks(paths, entry);
    const path = join(folder, "data");
    const file = await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
    try {
      await file.truncate(entry.sizeBytes);
    } catch (error) {
      file.close();
      throw error;
    }
    return new PartialBlob(paths, entry, digests, left, file);
  }

  /**
   * Makes a partial out of content that lies elsewhere, to be opened later. What it holds is durable before the content
   * is moved, so a crash leaves the content in one of the two places.
   */
  static async adopt(
    paths: SwarmPaths,
    { sha256 }: ManifestEntry,
    { content, digests, held }: {
      readonly content: string;
      readonly digests: Uint8Array;
      readonly held: Bitmap;
    },
  ): Promise<void> {
    const folder = paths.partial(sha256);
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFileDurable(join(folder, "digests"), digests, { mode: 0o600 });
    await writeFileDurable(join(folder, "bitmap"), held.toBytes(), { mode: 0o600 });
    await Deno.chmod(content, 0o600);
    await Deno.rename(content, join(folder, "data"));
    await syncFolder(folder);
    await syncFolder(paths.blobs);
  }

  /** Whether these are the bytes of chunk `chunk`. */
  verify(chunk: number, bytes: Uint8Array): boolean {
    return verifyChunk(this.digests, chunk, bytes);
  }

  /**
   * Writes a chunk whose bytes were verified. It counts as held when this returns.
   *
   * @throws {Error} what the file system says, for example that it is full; nothing is held then.
   * @throws {PartialGoneError} if the folder is gone.
   */
  async write(chunk: number, bytes: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    await this.#enqueue(() => {
      this.#writeNow(chunk, bytes);
      return Promise.resolve();
    });
    if (this.#unsynced >= GROUP_CHUNKS) this.#syncLater();
    else if (this.#unsynced > 0) this.#syncTimer ??= setTimeout(() => this.#syncLater(), GROUP_MS);
  }

  /**
   * Writes without leaving the thread: this only fills the page cache, and an asynchronous write copies the chunk once
   * more, which costs five times the processor time of the write itself.
   */
  #writeNow(chunk: number, bytes: Uint8Array): void {
    this.#file.seekSync(chunkSpan(this.layout, chunk).offset, Deno.SeekMode.Start);
    for (let written = 0; written < bytes.length;) {
      written += this.#file.writeSync(bytes.subarray(written));
    }
    this.chunks.set(chunk);
    this.#unsynced += 1;
  }

  /** Makes everything held so far survive a crash. */
  async sync(): Promise<void> {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    if (this.#failure !== undefined) throw this.#failure;
    const done = this.#syncing.then(() => this.#syncGroup());
    this.#syncing = done.catch(() => {
      // Whoever asked for the sync gets the error; those behind go on.
    });
    await done;
  }

  /** Writes go on meanwhile: the bits are those of before, and the sync has a handle of its own. */
  async #syncGroup(): Promise<void> {
    await this.#queue;
    if (this.#unsynced === 0 || this.#closed) return;
    this.#unsynced = 0;
    const bits = this.chunks.toBytes();
    const folder = this.#paths.partial(this.#entry.sha256);
    await orGone(async () => {
      this.#syncHandle ??= await Deno.open(this.dataPath, { write: true });
      await this.#syncHandle.syncData();
      if (!this.#hasKeptDigests) {
        await writeFileDurable(join(folder, "digests"), this.digests, { mode: 0o600 });
      }
      this.#hasKeptDigests = true;
      await writeFileDurable(join(folder, "bitmap"), bits, { mode: 0o600 });
    });
  }

  /** Reads every chunk again and lets go of those that are wrong. Returns how many. */
  async verifyAll(): Promise<number> {
    let wrong = 0;
    for (let chunk = 0; chunk < this.layout.count; chunk += 1) {
      if (await this.#isDamaged(chunk)) wrong += 1;
    }
    await this.sync();
    return wrong;
  }

  /**
   * Reads one chunk again and lets go of it if it is wrong, durably, so that it is neither served nor counted any more.
   *
   * @returns Whether it is still held.
   */
  async recheck(chunk: number): Promise<boolean> {
    if (await this.#isDamaged(chunk)) await this.sync();
    return this.chunks.has(chunk);
  }

  async #isDamaged(chunk: number): Promise<boolean> {
    if (!this.chunks.has(chunk)) return false;
    const bytes = await readChunk(this.dataPath, this.layout, chunk);
    if (bytes && this.verify(chunk, bytes)) return false;
    this.#unsynced += 1;
    return this.chunks.clear(chunk);
  }

  /**
   * Turns the whole and verified content into a blob of the store. A crash leaves the partial, as it was synced last, or the
   * blob.
   *
   * @throws {PartialGoneError} if the folder is gone.
   */
  async complete(): Promise<void> {
    clearTimeout(this.#syncTimer);
    if (this.#failure !== undefined) throw this.#failure;
    await this.#syncing;
    const { sha256 } = this.#entry;
    // Side by side, since each waits for the disk; the content takes its place once both are there.
    const written = await Promise.allSettled([
      this.#enqueue(() => this.#file.sync()),
      writeFileDurable(this.#paths.digests(sha256), this.digests, { mode: 0o600 }),
    ]);
    for (const one of written) if (one.status === "rejected") throw one.reason;
    this.#close();
    await orGone(async () => {
      await Deno.chmod(this.dataPath, 0o644);
      await Deno.rename(this.dataPath, this.#paths.blob(sha256));
    });
    await syncFolder(this.#paths.blobs);
    await removeIfPresent(this.#paths.partial(sha256));
  }

  /** Keeps what is there for a later run. */
  async park(): Promise<void> {
    try {
      await this.sync();
    } finally {
      await this.#queue;
      await this.#syncing;
      this.#close();
    }
  }

  /** Removes everything. */
  async discard(): Promise<void> {
    clearTimeout(this.#syncTimer);
    await this.#queue;
    await this.#syncing;
    this.#close();
    await removeIfPresent(this.#paths.partial(this.#entry.sha256));
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => {
      // Whoever asked for the work gets the error; those behind go on.
    });
    return done;
  }

  #syncLater(): void {
    this.sync().catch((error: unknown) => {
      // Reported to the next caller that waits: nobody waits for this one.
      this.#failure = error;
    });
  }

  #close(): void {
    clearTimeout(this.#syncTimer);
    if (this.#closed) return;
    this.#closed = true;
    this.#file.close();
    this.#syncHandle?.close();
  }
}

async function orGone(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw error instanceof Deno.errors.NotFound ? new PartialGoneError(error) : error;
  }
}
