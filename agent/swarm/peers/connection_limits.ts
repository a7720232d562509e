/** Content requests answered at once. */
export const MAX_CONTENT_REQUESTS = 100;
/** Of these, by one certificate. */
export const MAX_CONTENT_PER_PEER = 8;
/** Control requests (manifest, fleet, health) answered at once, in addition: content must not starve them. */
export const MAX_CONTROL_REQUESTS = 16;

/** What a request is counted as. */
export type RequestClass = "content" | "control";

/** Counts requests that are being answered. The runtime's own connection limit drops silently, so it is done here. */
export class ConnectionLimits {
  readonly #perPeer = new Map<string, number>();
  #content = 0;
  #control = 0;

  /** Takes a place for a request of this peer; `undefined` means that there is none. Call the result to give it back. */
  enter(peer: string, kind: RequestClass): (() => void) | undefined {
    return kind === "content" ? this.#enterContent(peer) : this.#enterControl();
  }

  #enterContent(peer: string): (() => void) | undefined {
    const ofPeer = this.#perPeer.get(peer) ?? 0;
    if (this.#content >= MAX_CONTENT_REQUESTS || ofPeer >= MAX_CONTENT_PER_PEER) return undefined;
    this.#content += 1;
    this.#perPeer.set(peer, ofPeer + 1);
    return once(() => {
      this.#content -= 1;
      const left = (this.#perPeer.get(peer) ?? 1) - 1;
      if (left === 0) this.#perPeer.delete(peer);
      else this.#perPeer.set(peer, left);
    });
  }

  #enterControl(): (() => void) | undefined {
    if (this.#control >= MAX_CONTROL_REQUESTS) return undefined;
    this.#control += 1;
    return once(() => {
      this.#control -= 1;
    });
  }
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}
