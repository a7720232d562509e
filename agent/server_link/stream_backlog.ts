/** Where a stream writes; `written` is called when the bytes have left it. A stream that has ended need not call it. */
export type WriteBytes = (bytes: Uint8Array, written: () => void) => void;

/**
 * The end of a stream that drops messages rather than let them wait without bound. It counts bytes itself, since a stream
 * of messages counts messages: four million of them would be in memory before it called itself full.
 */
export class StreamBacklog {
  readonly #write: WriteBytes;
  readonly #maxBytes: number;
  #waitingBytes = 0;

  constructor(write: WriteBytes, maxBytes: number) {
    this.#write = write;
    this.#maxBytes = maxBytes;
  }

  /** Sends a message, or drops it if it would make more than the limit wait. A single message of any size is sent. */
  send(bytes: Uint8Array): void {
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes.length > this.#maxBytes) return;
    this.#waitingBytes += bytes.length;
    this.#write(bytes, () => {
      this.#waitingBytes -= bytes.length;
    });
  }
}
