/** Sources remembered: more than a LAN has, and few enough for a flood of forged ones. */
export const MAX_HEARD = 1000;

/** Where announcements came from, and when last. */
export interface Heard {
  readonly address: string;
  /** The port that was announced, if one was. */
  readonly port: number | undefined;
  readonly lastMs: number;
}

/** Who was heard by multicast and when, own announcements too. It decides nothing: it is what `vigo swarm doctor` tells. */
export class HeardBook {
  readonly #heard = new Map<string, Heard>();
  readonly #ownMs = new Map<string, number>();

  /** An announcement of somebody else came from this address. */
  note(address: string, port: number | undefined, nowMs: number): void {
    this.#heard.delete(address);
    this.#heard.set(address, { address, port, lastMs: nowMs });
    for (const oldest of this.#heard.keys()) {
      if (this.#heard.size <= MAX_HEARD) return;
      this.#heard.delete(oldest);
    }
  }

  /** An announcement of this envoy came back, by which the system shows that nothing here drops it. */
  noteOwn(address: string, nowMs: number): void {
    if (this.#ownMs.size < MAX_HEARD || this.#ownMs.has(address)) this.#ownMs.set(address, nowMs);
  }

  /** Everybody heard, the latest first. */
  all(): Heard[] {
    return [...this.#heard.values()].reverse();
  }

  /** When an address was heard last, ms; `undefined` if it was not. */
  lastMs(address: string): number | undefined {
    return this.#heard.get(address)?.lastMs;
  }

  /** When the last own announcement came back that left from this address, ms. */
  ownMs(address: string): number | undefined {
    return this.#ownMs.get(address);
  }
}
