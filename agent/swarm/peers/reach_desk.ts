import type { Knock } from "./knock_outcome.ts";
import type { ReachAnswer } from "./peer_api.ts";
import type { PeerIdentity } from "./peer_identity.ts";
import { MAX_PEERS, type PeerEndpoint } from "./peer_registry.ts";

/** One caller is called back at most once in this time. */
export const REACH_MS = 60_000;
/** Calls back at once. */
const MAX_AT_ONCE = 4;

export interface ReachDeskOptions {
  /** Calls an endpoint and looks whether the envoy with this UUID answers there. */
  readonly knock: (endpoint: PeerEndpoint, uuid: string) => Promise<Knock>;
  /** When an address was last heard by multicast, and since when anybody could have been; ms. */
  readonly heard: (address: string) => {
    readonly lastMs: number | undefined;
    readonly sinceMs: number | undefined;
  };
  readonly now: () => number;
}

/**
 * Calls callers back, so that they learn whether they can be reached. Only ever at the address that the call came from, so
 * that nobody can be made to call anybody else; once a minute per caller and a few at once, and not at all past that.
 */
export class ReachDesk {
  readonly #options: ReachDeskOptions;
  /** When each caller was called back last, by UUID. */
  readonly #calledMs = new Map<string, number>();
  #atOnce = 0;

  constructor(options: ReachDeskOptions) {
    this.#options = options;
  }

  /**
   * @param caller where the call came from, with the port that the caller named.
   * @returns what was seen, or `busy` when a limit forbids to look.
   */
  async answer({ uuid }: PeerIdentity, caller: PeerEndpoint): Promise<ReachAnswer | "busy"> {
    const { knock, heard, now } = this.#options;
    const calledMs = this.#calledMs.get(uuid) ?? -Infinity;
    // A clock that was set back lets everybody in once more and keeps nobody out.
    const isEarly = now() >= calledMs && now() - calledMs < REACH_MS;
    if (isEarly || this.#atOnce >= MAX_AT_ONCE) return "busy";
    this.#calledMs.delete(uuid);
    this.#calledMs.set(uuid, now());
    for (const oldest of this.#calledMs.keys()) {
      if (this.#calledMs.size <= MAX_PEERS) break;
      this.#calledMs.delete(oldest);
    }
    this.#atOnce += 1;
    try {
      const { outcome, detail } = await knock(caller, uuid);
      const { lastMs, sinceMs } = heard(caller.address);
      const ago = (ms: number | undefined) =>
        ms === undefined ? null : Math.max(0, Math.round(now() - ms));
      return {
        ...caller,
        outcome,
        detail,
        heardAgoMs: ago(lastMs),
        listeningMs: ago(sinceMs),
      };
    } finally {
      this.#atOnce -= 1;
    }
  }
}
