import { CappedBytes } from "./capped_bytes.ts";

/**
 * Collects output up to a limit: the first half of it and the newest half are kept, so that both how something began and
 * how it ended can be read; what was dropped in between is marked with its size.
 */
export class CappedText {
  readonly #kept: CappedBytes;

  constructor(limitBytes: number) {
    this.#kept = new CappedBytes(limitBytes);
  }

  add(bytes: Uint8Array): void {
    this.#kept.add(bytes);
  }

  /** What was kept; bytes that are not UTF-8 are shown as U+FFFD. */
  text(): string {
    const { head, tail, droppedBytes } = this.#kept;
    const cut = droppedBytes === 0
      ? []
      : [new TextEncoder().encode(`\n… ${droppedBytes} bytes left out …\n`)];
    const decoder = new TextDecoder();
    const parts = [...head, ...cut, ...tail];
    return parts.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode();
  }
}
