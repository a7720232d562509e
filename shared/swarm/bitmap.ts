/** Which of `length` chunks are there: one bit each, lowest bit of the first byte first. */
export class Bitmap {
  readonly length: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #count = 0;

  constructor(length: number) {
    this.length = length;
    this.#bytes = new Uint8Array(bitmapBytes(length));
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
    bitmap.#bytes.set(bytes);
    for (const byte of bytes) bitmap.#count += countBits(byte);
    return bitmap;
  }

  /** A bitmap with every bit set. */
  static full(length: number): Bitmap {
    const bitmap = new Bitmap(length);
    for (let index = 0; index < length; index += 1) bitmap.set(index);
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
    return ((this.#bytes[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  /** Sets a bit and says whether it was clear. */
  set(index: number): boolean {
    this.#assertIndex(index);
    if (this.has(index)) return false;
    this.#bytes[index >> 3] = (this.#bytes[index >> 3] ?? 0) | (1 << (index & 7));
    this.#count += 1;
    return true;
  }

  /** Clears a bit and says whether it was set. */
  clear(index: number): boolean {
    this.#assertIndex(index);
    if (!this.has(index)) return false;
    this.#bytes[index >> 3] = (this.#bytes[index >> 3] ?? 0) & ~(1 << (index & 7));
    this.#count -= 1;
    return true;
  }

  /** How many chunks from the first one on are there without a gap. */
  get contiguousPrefix(): number {
    let index = 0;
    while (index + 8 <= this.length && this.#bytes[index >> 3] === 0xff) index += 8;
    while (index < this.length && this.has(index)) index += 1;
    return index;
  }

  /** Calls `visit` for each bit in which this bitmap differs from another of its length; none stands for an empty one. */
  forEachDifference(
    other: Bitmap | undefined,
    visit: (index: number, isSetHere: boolean) => void,
  ): void {
    const others = other ? other.#bytes : undefined;
    for (let at = 0; at < this.#bytes.length; at += 1) {
      const here = this.#bytes[at] ?? 0;
      let differing = here ^ (others?.[at] ?? 0);
      while (differing !== 0) {
        const bit = 31 - Math.clz32(differing);
        visit(at * 8 + bit, (here & (1 << bit)) !== 0);
        differing ^= 1 << bit;
      }
    }
  }

  /**
   * Calls `visit` for each bit that is set here and in none of the others, from about `start` on and around, eight bits of a
   * byte upwards; until `visit` answers true.
   */
  findWithout(
    one: Bitmap,
    other: Bitmap,
    start: number,
    visit: (index: number) => boolean,
  ): void {
    const { length } = this.#bytes;
    const first = one.#bytes;
    const second = other.#bytes;
    let at = length === 0 ? 0 : (start >> 3) % length;
    for (let step = 0; step < length; step += 1) {
      let left = (this.#bytes[at] ?? 0) & ~(first[at] ?? 0) & ~(second[at] ?? 0);
      while (left !== 0) {
        const lowest = left & -left;
        if (visit(at * 8 + 31 - Math.clz32(lowest))) return;
        left ^= lowest;
      }
      at = at + 1 === length ? 0 : at + 1;
    }
  }

  /** A bitmap of its own with the same bits. */
  copy(): Bitmap {
    const copied = new Bitmap(this.length);
    copied.#bytes.set(this.#bytes);
    copied.#count = this.#count;
    return copied;
  }

  /** A copy of the bits. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice();
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

function countBits(byte: number): number {
  let count = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
