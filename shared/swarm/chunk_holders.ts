import type { Bitmap } from "./bitmap.ts";

/** How many peers hold each chunk of one blob, kept up to date with what each tells. */
export class ChunkHolders {
  readonly #counts: Uint16Array;
  #complete = 0;

  /** @param count chunks of the blob. */
  constructor(count: number) {
    this.#counts = new Uint16Array(count);
  }

  /** How many peers hold a chunk. */
  of(chunk: number): number {
    return this.#counts[chunk] ?? 0;
  }

  /** How many peers hold every chunk. */
  get complete(): number {
    return this.#complete;
  }

  /** A peer that held `before` holds `after` now; none stands for a peer that is not known. */
  change(before: Bitmap | undefined, after: Bitmap | undefined): void {
    this.#complete += Number(after?.isFull ?? false) - Number(before?.isFull ?? false);
    const counts = this.#counts;
    const count = (chunk: number, change: number) => {
      counts[chunk] = (counts[chunk] ?? 0) + change;
    };
    if (after) after.forEachDifference(before, (chunk, isHeld) => count(chunk, isHeld ? 1 : -1));
    else before?.forEachDifference(undefined, (chunk) => count(chunk, -1));
  }
}
