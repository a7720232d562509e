/** Content requests answered at once. */
export const MAX_CONTENT_REQUESTS = 100;
/** Of these, by one certificate. */
export const MAX_CONTENT_PER_PEER = 8;
/** Control requests (manifest, fleet, health) answered at once, in addition: content must not starve them. */
export const MAX_CONTROL_REQUESTS = 16;
/** Of these, by one certificate; its own client asks two at a time. */
export const MAX_CONTROL_PER_PEER = 4;

/** What a request is counted as. */
export type RequestClass = "content" | "control";

/** Counts requests that are being answered. The runtime's own connection limit drops silently, so it is done here. */
export class ConnectionLimits {
  readonly #lanes: Readonly<Record<RequestClass, Lane>> = {
    content: new Lane(MAX_CONTENT_REQUESTS, MAX_CONTENT_PER_PEER),
    control: new Lane(MAX_CONTROL_REQUESTS, MAX_CONTROL_PER_PEER),
  };

  /** Takes a place for a request of this peer; `undefined` means that there is none. Call the result to give it back. */
  enter(peer: string, kind: RequestClass): (() => void) | undefined {
    return this.#lanes[kind].enter(peer);
  }
}

/** Places of one kind, of which one peer can have a few. */
class Lane {
  readonly #most: number;
  readonly #mostPerPeer: number;
  readonly #perPeer = new Map<string, number>();
  #taken = 0;

  constructor(most: number, mostPerPeer: number) {
    this.#most = most;
    this.#mostPerPeer = mostPerPeer;
  }

  enter(peer: string): (() => void) | undefined {
    const ofPeer = this.#perPeer.get(peer) ?? 0;
    if (this.#taken >= this.#most || ofPeer >= this.#mostPerPeer) return undefined;
    this.#taken += 1;
    this.#perPeer.set(peer, ofPeer + 1);
    return once(() => {
      this.#taken -= 1;
      const left = (this.#perPeer.get(peer) ?? 1) - 1;
      if (left === 0) this.#perPeer.delete(peer);
      else this.#perPeer.set(peer, left);
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
