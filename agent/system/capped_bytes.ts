/**
 * Collects bytes up to a limit: the first half of it and the newest half are kept; what lies between is counted and dropped.
 */
export class CappedBytes {
  readonly #half: number;
  readonly #head: Uint8Array[] = [];
  #headBytes = 0;
  #tail: Uint8Array[] = [];
  #tailBytes = 0;
  #droppedBytes = 0;

  constructor(limitBytes: number) {
    this.#half = Math.floor(limitBytes / 2);
  }

  add(bytes: Uint8Array): void {
    const room = this.#half - this.#headBytes;
    if (room > 0) {
      const part = bytes.slice(0, room);
      this.#head.push(part);
      this.#headBytes += part.length;
    }
    if (bytes.length > Math.max(room, 0)) this.#addToTail(bytes.slice(Math.max(room, 0)));
  }

  get head(): readonly Uint8Array[] {
    return this.#head;
  }

  /** What was kept of the end. Empty while everything fits into the head. */
  get tail(): readonly Uint8Array[] {
    return this.#tail;
  }

  get droppedBytes(): number {
    return this.#droppedBytes;
  }

  #addToTail(bytes: Uint8Array): void {
    this.#tail.push(bytes);
    this.#tailBytes += bytes.length;
    while (this.#tailBytes > this.#half) {
      const [oldest] = this.#tail;
      if (oldest === undefined) return;
      const excess = Math.min(this.#tailBytes - this.#half, oldest.length);
      this.#tail.shift();
      if (excess < oldest.length) this.#tail.unshift(oldest.subarray(excess));
      this.#tailBytes -= excess;
      this.#droppedBytes += excess;
    }
  }
}
