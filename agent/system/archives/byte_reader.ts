import { ArchiveError } from "./archive_entry.ts";

/** Reads bytes in the portions that a format has, whatever the pieces are in which they come. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /**
   * Exactly `length` bytes; `undefined` if nothing at all is left.
   *
   * @throws {ArchiveError} if it ends in between.
   */
  async read(length: number): Promise<Uint8Array | undefined> {
    const whole = new Uint8Array(length);
    let filled = 0;
    for await (const piece of this.#portions(length)) {
      whole.set(piece, filled);
      filled += piece.length;
    }
    if (filled === 0 && length > 0) return undefined;
    if (filled < length) throw endsEarly();
    return whole;
  }

  /** `length` bytes as they come. */
  async *stream(length: number): AsyncGenerator<Uint8Array> {
    let left = length;
    for await (const piece of this.#portions(length)) {
      left -= piece.length;
      yield piece;
    }
    if (left > 0) throw endsEarly();
  }

  /** Lets go of where the bytes come from. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  async *#portions(length: number): AsyncGenerator<Uint8Array> {
    let left = length;
    while (left > 0) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#pieces.next();
        if (done) return;
        this.#rest = value;
        continue;
      }
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }
}

function endsEarly(): ArchiveError {
  return new ArchiveError("it ends in the middle of an entry");
}
