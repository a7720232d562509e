import { downloadJitterMs } from "../../../shared/swarm/download_jitter.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";

/** A download has at most this much of its blob in memory, so a blob of this size or more costs as much as any other. */
export const LARGE_BYTES = 8 * 1024 * 1024;
/** Large blobs fetched at once: more would only share the same link, and none would be whole any sooner. */
export const MAX_LARGE = 4;
/** Small blobs fetched at once: questions and the disk are waited for then, and hardly ever the link. */
export const MAX_SMALL = 28;
/** What the small ones under way may have in all. */
export const MAX_SMALL_BYTES = 32 * 1024 * 1024;

type Sized = Pick<ManifestEntry, "sizeBytes">;

/**
 * Blobs that are wanted and not begun. Each waits until its moment has come, so that not all envoys ask at once, and then for
 * a place. Large and small blobs have places of their own: neither kind ever waits for the other, and within a kind the
 * oldest word is first. Pure; time goes in.
 */
export class DownloadQueue {
  readonly #hostname: string;
  readonly #large = new Lane(({ count }) => count < MAX_LARGE);
  readonly #small = new Lane(({ count, bytes }, { sizeBytes }) =>
    count < MAX_SMALL && bytes + sizeBytes <= MAX_SMALL_BYTES
  );
  #notBeforeMs = new Map<string, number>();
  #lastDueMs = -Infinity;

  constructor(hostname: string) {
    this.#hostname = hostname;
  }

  /** Whether a blob waits here. */
  has(sha256: string): boolean {
    return this.#notBeforeMs.has(sha256);
  }

  /** These are wanted now, oldest word first, and nothing else. What waited before does not wait longer for that. */
  setWanted(wanted: readonly ManifestEntry[], nowMs: number): void {
    const before = this.#notBeforeMs;
    this.#notBeforeMs = new Map();
    for (const { sha256 } of wanted) {
      const atMs = before.get(sha256) ?? nowMs + downloadJitterMs(this.#hostname, sha256);
      this.#notBeforeMs.set(sha256, atMs);
      this.#lastDueMs = Math.max(this.#lastDueMs, atMs);
    }
    this.#large.waiting = wanted.filter(isLarge);
    this.#small.waiting = wanted.filter((entry) => !isLarge(entry));
  }

  /**
   * Takes those that may begin now.
   *
   * @param underWay What is being fetched.
   * @param mayBegin Whether a blob is still to be fetched; it is dropped otherwise.
   */
  take(
    nowMs: number,
    underWay: readonly Sized[],
    mayBegin: (entry: ManifestEntry) => boolean = () => true,
  ): ManifestEntry[] {
    const begins = (entry: ManifestEntry) => {
      this.#notBeforeMs.delete(entry.sha256);
      return mayBegin(entry);
    };
    const isDue = ({ sha256 }: ManifestEntry) => (this.#notBeforeMs.get(sha256) ?? 0) <= nowMs;
    return [
      ...this.#large.take(underWay.filter(isLarge), isDue, begins),
      ...this.#small.take(underWay.filter((one) => !isLarge(one)), isDue, begins),
    ];
  }

  /** When the moment of the next one comes that waits for it; `Infinity` if none does. */
  dueMs(nowMs: number): number {
    if (this.#lastDueMs <= nowMs) return Infinity;
    let dueMs = Infinity;
    for (const atMs of this.#notBeforeMs.values()) {
      if (atMs > nowMs) dueMs = Math.min(dueMs, atMs);
    }
    return dueMs;
  }
}

/** What is under way in a lane. */
interface LaneLoad {
  readonly count: number;
  readonly bytes: number;
}

/** Blobs of one kind, and the places for them. */
class Lane {
  waiting: readonly ManifestEntry[] = [];
  readonly #fits: (load: LaneLoad, entry: Sized) => boolean;

  constructor(fits: (load: LaneLoad, entry: Sized) => boolean) {
    this.#fits = fits;
  }

  take(
    underWay: readonly Sized[],
    isDue: (entry: ManifestEntry) => boolean,
    begins: (entry: ManifestEntry) => boolean,
  ): ManifestEntry[] {
    let load: LaneLoad = {
      count: underWay.length,
      bytes: underWay.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    };
    const taken: ManifestEntry[] = [];
    const early: ManifestEntry[] = [];
    let at = 0;
    for (; at < this.waiting.length; at += 1) {
      const entry = this.waiting[at];
      if (!entry) break;
      if (!isDue(entry)) {
        early.push(entry);
        continue;
      }
      // Whoever is next keeps its turn: smaller ones behind it would pass it for ever.
      if (!this.#fits(load, entry)) break;
      if (!begins(entry)) continue;
      load = { count: load.count + 1, bytes: load.bytes + entry.sizeBytes };
      taken.push(entry);
    }
    if (at > early.length) this.waiting = [...early, ...this.waiting.slice(at)];
    return taken;
  }
}

function isLarge({ sizeBytes }: Sized): boolean {
  return sizeBytes >= LARGE_BYTES;
}
