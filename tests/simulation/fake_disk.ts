import { Bitmap } from "../../shared/swarm/bitmap.ts";

/** A chunk that the disk had no room for. */
export class DiskFullError extends Error {
  override readonly name = "DiskFullError";
}

/** Chunks between two syncs of a blob in flight, as the real store does it. */
const CHUNKS_PER_SYNC = 32;

/** What a disk holds of one blob. */
export class StoredBlob {
  readonly chunkSizeBytes: number;
  /** Chunks written, and those of them that a crash leaves. */
  readonly #written: Bitmap;
  readonly #durable: Bitmap;
  #told: Bitmap | undefined;
  #unsynced = 0;
  completedMs: number | undefined;

  constructor(count: number, chunkSizeBytes: number) {
    this.chunkSizeBytes = chunkSizeBytes;
    this.#written = new Bitmap(count);
    this.#durable = new Bitmap(count);
  }

  /** Chunks written so far. */
  get written(): Bitmap {
    return this.#written;
  }

  /** A copy of those of this moment, which whoever is told keeps: one for all, so nobody may change it. */
  get told(): Bitmap {
    this.#told ??= this.#written.copy();
    return this.#told;
  }

  /** Says whether the chunk was not there. */
  write(chunk: number): boolean {
    if (!this.#written.set(chunk)) return false;
    this.#told = undefined;
    if (++this.#unsynced >= CHUNKS_PER_SYNC) this.sync();
    return true;
  }

  sync(): void {
    if (this.#unsynced === 0) return;
    this.#written.forEachDifference(this.#durable, (chunk) => this.#durable.set(chunk));
    this.#unsynced = 0;
  }

  /** What was not synced is gone. Returns how many chunks those are. */
  crash(): number {
    const lost: number[] = [];
    this.#written.forEachDifference(this.#durable, (chunk) => lost.push(chunk));
    for (const chunk of lost) this.#written.clear(chunk);
    this.#told = undefined;
    this.#unsynced = 0;
    return lost.length;
  }
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
    const blob = new StoredBlob(count, chunkSizeBytes);
    this.#blobs.set(sha256, blob);
    return blob;
  }

  /** @throws {DiskFullError} */
  write(blob: StoredBlob, chunk: number): void {
    if (this.freeBytes < blob.chunkSizeBytes) throw new DiskFullError("no space left");
    if (blob.write(chunk)) this.#usedBytes += blob.chunkSizeBytes;
  }

  complete(blob: StoredBlob, nowMs: number): void {
    blob.sync();
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
      this.#usedBytes -= blob.crash() * blob.chunkSizeBytes;
    }
  }
}
