/** Bits of one word. */
const WORD_BITS = 32;

/** Which of `length` chunks are there: one bit each, lowest bit of the first byte first. */
export class Bitmap {
  readonly length: number;
  /** Four bytes each, the first one lowest, whatever the machine's own order is. */
  readonly #words: Int32Array<ArrayBuffer>;
  #count = 0;

  constructor(length: number) {
    this.length = length;
    this.#words = new Int32Array((length + WORD_BITS - 1) >> 5);
  }

  /**
   * Reads a bitmap that came from outside; `undefined` if its size is wrong or a bit past the end is set, since two
   * bitmaps that mean the same would then differ.
   */
  static fromBytes(length: number, bytes: Uint8Array): Bitmap | undefined {
    if (bytes.length !== bitmapBytes(length)) return undefined;
    const spareBits = bytes.length * 8 - length;
    if (spareBits > 0 && (bytes.at(-1) ?? 0) >> (8 - spareBits) !== 0) return undefined;
    const bitmap = new Bitmap(length);
    const words = bitmap.#words;
    for (let at = 0; at < bytes.length; at += 1) {
      words[at >> 2] = (words[at >> 2] ?? 0) | (bytes[at] ?? 0) << ((at & 3) * 8);
    }
    for (const word of words) bitmap.#count += countBits(word);
    return bitmap;
  }

  /** A bitmap with every bit set. */
  static full(length: number): Bitmap {
    const bitmap = new Bitmap(length);
    bitmap.#words.fill(-1);
    const spareBits = bitmap.#words.length * WORD_BITS - length;
    if (spareBits > 0) bitmap.#words[bitmap.#words.length - 1] = -1 >>> spareBits;
    bitmap.#count = length;
    return bitmap;
  }

  /** How many bits are set. */
  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.length;
  }

  has(index: number): boolean {
    return ((this.#words[index >> 5] ?? 0) & (1 << (index & 31))) !== 0;
  }

  /** Sets a bit and says whether it was clear. */
  set(index: number): boolean {
    this.#assertIndex(index);
    if (this.has(index)) return false;
    this.#words[index >> 5] = (this.#words[index >> 5] ?? 0) | (1 << (index & 31));
    this.#count += 1;
    return true;
  }

  /** Clears a bit and says whether it was set. */
  clear(index: number): boolean {
    this.#assertIndex(index);
    if (!this.has(index)) return false;
    this.#words[index >> 5] = (this.#words[index >> 5] ?? 0) & ~(1 << (index & 31));
    this.#count -= 1;
    return true;
  }

  /** How many chunks from the first one on are there without a gap. */
  get contiguousPrefix(): number {
    let at = 0;
    while (this.#words[at] === -1) at += 1;
    const missing = ~(this.#words[at] ?? 0);
    const inWord = missing === 0 ? WORD_BITS : lowestBit(missing);
    return Math.min(this.length, at * WORD_BITS + inWord);
  }

  /** Calls `visit` for each bit in which this bitmap differs from another of its length; none stands for an empty one. */
  forEachDifference(
    other: Bitmap | undefined,
    visit: (index: number, isSetHere: boolean) => void,
  ): void {
    const words = this.#words;
    const others = other ? other.#words : undefined;
    for (let at = 0; at < words.length; at += 1) {
      const here = words[at] ?? 0;
      let differing = here ^ (others?.[at] ?? 0);
      while (differing !== 0) {
        const bit = lowestBit(differing);
        visit(at * WORD_BITS + bit, (here & (1 << bit)) !== 0);
        differing &= differing - 1;
      }
    }
  }

  /**
   * Calls `visit` for each bit that is set here and in none of the others, upwards from `start` and around, until `visit`
   * answers true.
   */
  findWithout(
    one: Bitmap,
    other: Bitmap,
    start: number,
    visit: (index: number) => boolean,
  ): void {
    const words = this.#words;
    const first = one.#words;
    const second = other.#words;
    const { length } = words;
    const begin = this.length === 0 ? 0 : start % this.length;
    const fromBegin = -1 << (begin & 31);
    let at = begin >> 5;
    // The word of the beginning has two turns, one for each side of it.
    for (let step = 0; step <= length; step += 1) {
      let left = (words[at] ?? 0) & ~(first[at] ?? 0) & ~(second[at] ?? 0);
      if (step === 0) left &= fromBegin;
      else if (step === length) left &= ~fromBegin;
      while (left !== 0) {
        if (visit(at * WORD_BITS + lowestBit(left))) return;
        left &= left - 1;
      }
      at = at + 1 === length ? 0 : at + 1;
    }
  }

  /** A bitmap of its own with the same bits. */
  copy(): Bitmap {
    const copied = new Bitmap(this.length);
    copied.#words.set(this.#words);
    copied.#count = this.#count;
    return copied;
  }

  /** A copy of the bits, eight to a byte. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(bitmapBytes(this.length));
    for (let at = 0; at < bytes.length; at += 1) {
      bytes[at] = (this.#words[at >> 2] ?? 0) >>> ((at & 3) * 8);
    }
    return bytes;
  }

  #assertIndex(index: number): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new RangeError(`Cannot use chunk ${index}: the bitmap has ${this.length}`);
    }
  }
}

/** Size of a bitmap of `length` bits, in bytes. */
export function bitmapBytes(length: number): number {
  return (length + 7) >> 3;
}

/** Place of the lowest bit of a word that has one. */
function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

function countBits(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
