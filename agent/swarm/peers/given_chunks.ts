import { Bitmap } from "../../../shared/swarm/bitmap.ts";

/** For so long a chunk is left to the one to whom it was given, in ms: it has arrived by then, and is found there. */
const SPREAD_MS = 5_000;

interface Gift {
  readonly uuid: string;
  readonly atMs: number;
}

/**
 * What an envoy has given of one blob to others since it started. Pure; time goes in.
 *
 * While it is the only one that has all of it, its uplink is what everybody waits for: no chunk should take it twice before
 * each has taken it once.
 */
export class GivenChunks {
  readonly #bits: Bitmap;
  /** The last gift of each chunk, as long as some were given to nobody. */
  readonly #gifts = new Map<number, Gift>();

  /** @param count chunks of the blob. */
  constructor(count: number) {
    this.#bits = new Bitmap(count);
  }

  /** Chunks that somebody was given. */
  get bits(): Bitmap {
    return this.#bits;
  }

  note(chunk: number, uuid: string, nowMs: number): void {
    this.#bits.set(chunk);
    if (this.#bits.isFull) this.#gifts.clear();
    else this.#gifts.set(chunk, { uuid, atMs: nowMs });
  }

  /** Whether a peer should get a chunk elsewhere: another was given it a moment ago, and others are still to be given. */
  isOnItsWay(chunk: number, uuid: string, nowMs: number): boolean {
    const gift = this.#gifts.get(chunk);
    return gift !== undefined && gift.uuid !== uuid && nowMs - gift.atMs < SPREAD_MS;
  }
}
