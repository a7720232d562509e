import { z } from "zod";

/** Chunks remembered of one blob: those that took longest are what anybody asks after. */
export const MAX_SLOWEST = 64;

export const chunkDetailSchema = z.object({
  chunk: z.number(),
  /** Hostname of the peer that gave it, or `server`. */
  source: z.string(),
  /** From the request to the verified bytes. */
  ms: z.number(),
});

/** Where one chunk came from, and how long it took. */
export type ChunkDetail = z.infer<typeof chunkDetailSchema>;

/** The chunks of one blob that took longest, with who gave them. Bounded, whatever the size of the blob. */
export class SlowestChunks {
  readonly #slowest: ChunkDetail[];

  /** @param former what an earlier attempt remembered. */
  constructor(former: readonly ChunkDetail[] = []) {
    this.#slowest = [...former].sort(compare).slice(0, MAX_SLOWEST);
  }

  note(chunk: number, source: string, elapsedMs: number): void {
    const detail = { chunk, source, ms: Math.round(elapsedMs) };
    const last = this.#slowest.at(-1);
    if (last && this.#slowest.length >= MAX_SLOWEST && compare(detail, last) >= 0) return;
    const at = this.#slowest.findIndex((other) => compare(detail, other) < 0);
    this.#slowest.splice(at === -1 ? this.#slowest.length : at, 0, detail);
    this.#slowest.length = Math.min(this.#slowest.length, MAX_SLOWEST);
  }

  /** The slowest first. */
  list(): ChunkDetail[] {
    return [...this.#slowest];
  }
}

function compare(one: ChunkDetail, other: ChunkDetail): number {
  return other.ms - one.ms || one.chunk - other.chunk;
}
