import { createHash } from "node:crypto";

/**
 * Numbers that look random and are the same for the same seed: sfc32 of Chris Doty-Humphrey's PractRand, seeded by a
 * SHA-256. Each part of a simulation draws from a stream of its own, so that one more draw here changes nothing there.
 */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(readonly seed: string) {
    const digest = new DataView(Uint8Array.from(createHash("sha256").update(seed).digest()).buffer);
    this.#a = digest.getUint32(0);
    this.#b = digest.getUint32(4);
    this.#c = digest.getUint32(8);
  }

  /** A stream of its own for one purpose. */
  fork(purpose: string | number): Prng {
    return new Prng(`${this.seed}/${purpose}`);
  }

  /** A number from 0 to below 1. */
  readonly next = (): number => {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum | 0;
    return (sum >>> 0) / 2 ** 32;
  };

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** @throws {RangeError} if there is nothing to choose from. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("Cannot pick from an empty list");
    return item;
  }
}
