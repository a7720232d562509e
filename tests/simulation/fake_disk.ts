import { Bitmap } from "../../shared/swarm/bitmap.ts";

/** A chunk that the disk had no room for. */
export class DiskFullError extends Error {
  override readonly name = "DiskFullError";
}

/** Chunks between two syncs of a blob in flight, as the real store does it. */
const CHUNKS_PER_SYNC = 32;

/** What a disk holds of one blob. */
export interface StoredBlob {
  readonly chunkSizeBytes: number;
  /** Chunks written, and those of them that a crash leaves. */
  readonly written: Bitmap;
  readonly durable: Bitmap;
  unsynced: number;
  completedMs: number | undefined;
}

/** A disk with a size, which forgets at a crash what was not synced. */
export class FakeDisk {
  readonly #blobs = new Map<string, StoredBlob>();
  #usedBytes = 0;

  constructor(public capacityBytes: number) {}

  get freeBytes(): number {
    return this.capacityBytes - this.#usedBytes;
  }

  get(sha256: string): StoredBlob | undefined {
    return this.#blobs.get(sha256);
  }

  blobs(): Iterable<[string, StoredBlob]> {
    return this.#blobs;
  }

  /** Makes room for a blob in flight, or finds the one that is there. */
  open(sha256: string, count: number, chunkSizeBytes: number): StoredBlob {
    const known = this.#blobs.get(sha256);
    if (known) return known;
    const blob: StoredBlob = {
      chunkSizeBytes,
      written: new Bitmap(count),
      durable: new Bitmap(count),
      unsynced: 0,
      completedMs: undefined,
    };
    this.#blobs.set(sha256, blob);
    return blob;
  }

  /** @throws {DiskFullError} */
  write(blob: StoredBlob, chunk: number): void {
    if (this.freeBytes < blob.chunkSizeBytes) throw new DiskFullError("no space left");
    if (!blob.written.set(chunk)) return;
    this.#usedBytes += blob.chunkSizeBytes;
    if (++blob.unsynced >= CHUNKS_PER_SYNC) this.sync(blob);
  }

  sync(blob: StoredBlob): void {
    blob.written.forEachDifference(blob.durable, (chunk) => blob.durable.set(chunk));
    blob.unsynced = 0;
  }

  complete(blob: StoredBlob, nowMs: number): void {
    this.sync(blob);
    blob.completedMs = nowMs;
  }

  remove(sha256: string): void {
    const blob = this.#blobs.get(sha256);
    if (!blob) return;
    this.#usedBytes -= blob.written.count * blob.chunkSizeBytes;
    this.#blobs.delete(sha256);
  }

  /** The power goes: what was not synced is gone. */
  crash(): void {
    for (const blob of this.#blobs.values()) {
      const lost: number[] = [];
      blob.written.forEachDifference(blob.durable, (chunk) => lost.push(chunk));
      for (const chunk of lost) blob.written.clear(chunk);
      this.#usedBytes -= lost.length * blob.chunkSizeBytes;
      blob.unsynced = 0;
    }
  }
}
