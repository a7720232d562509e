/**
 * Collects output up to a limit: the first half of it and the newest half are kept, so that both how something began and
 * how it ended can be read; what was dropped in between is marked with its size.
 */
export class CappedText {
  readonly #half: number;
  #head: Uint8Array[] = [];
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

  /** What was kept; bytes that are not UTF-8 are shown as U+FFFD. */
  text(): string {
    const cut = this.#droppedBytes === 0
      ? []
      : [new TextEncoder().encode(`\n… ${this.#droppedBytes} bytes left out …\n`)];
    const decoder = new TextDecoder();
    const parts = [...this.#head, ...cut, ...this.#tail];
    return parts.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode();
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
