import { networkOf } from "./network_of.ts";

/** Counts what each remote address has open, so that no single one takes all there is. */
export class AddressQuota {
  readonly #limit: number;
  readonly #taken = new Map<string, number>();

  /** @param limit what one address, or one IPv6 network of 64 bits, may have at a time. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes one for an address; answers how to give it back, once, or `undefined` if the address has all it may. */
  take(address: string | undefined): (() => void) | undefined {
    const network = networkOf(address ?? "");
    const taken = this.#taken.get(network) ?? 0;
    if (taken >= this.#limit) return undefined;
    this.#taken.set(network, taken + 1);
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      const left = (this.#taken.get(network) ?? 1) - 1;
      if (left > 0) this.#taken.set(network, left);
      else this.#taken.delete(network);
    };
  }
}
