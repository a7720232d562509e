import { drawSome } from "../../agent/swarm/peers/draw_some.ts";
import { MAX_EXCHANGED_PEERS } from "../../agent/swarm/peers/peer_api.ts";
import type { PeerIdentity } from "../../agent/swarm/peers/peer_identity.ts";
import {
  type Candidate,
  type PeerEndpoint,
  PeerRegistry,
  type PeerSource,
  type ProvenPeer,
} from "../../agent/swarm/peers/peer_registry.ts";
import type { CallFailure, Served } from "./fake_network.ts";
import type { Process } from "./process.ts";
import type { Machine, Neighbour } from "./world.ts";

/** A proof of who answers is good for so long, in ms. */
const PROOF_REFRESH_MS = 10_000;
/** Other peers are named at most this often: whoever asks for chunks asks many times in between. */
const EXCHANGE_MS = 1_000;

/** Whom a peer knows, and how it calls them. */
export class PeerContacts {
  readonly #process: Process;
  readonly #onNews: () => void;
  readonly #registry = new PeerRegistry();
  /** When callers were looked for among the known ones, by address. */
  readonly #metMs = new Map<string, number>();
  #exchangedMs = -Infinity;

  /** @param onNews addresses have become known that may be dialled. */
  constructor(process: Process, onNews: () => void) {
    this.#process = process;
    this.#onNews = onNews;
  }

  all(): ProvenPeer[] {
    return this.#registry.all();
  }

  at(endpoint: PeerEndpoint): ProvenPeer | undefined {
    return this.#registry.at(endpoint);
  }

  /** Addresses that somebody named. */
  suggest(endpoints: readonly PeerEndpoint[], source: PeerSource): void {
    let isNews = false;
    for (const endpoint of endpoints) {
      if (endpoint.address === this.#process.machine.link.address) continue;
      isNews = this.#registry.suggest(endpoint, source) || isNews;
    }
    if (isNews) this.#onNews();
  }

  takeDialable(): Candidate[] {
    return this.#registry.takeDialable(this.#process.nowMs());
  }

  noteFailure(uuid: string): void {
    this.#registry.noteFailure(uuid);
  }

  /** Notes who calls, and names other peers now and then. */
  meet({ endpoint }: Machine): readonly PeerEndpoint[] {
    const nowMs = this.#process.nowMs();
    if (nowMs - (this.#metMs.get(endpoint.address) ?? -Infinity) >= PROOF_REFRESH_MS) {
      this.#metMs.set(endpoint.address, nowMs);
      if (!this.#registry.at(endpoint)) this.suggest([endpoint], "inbound");
    }
    if (nowMs - this.#exchangedMs <= EXCHANGE_MS) return [];
    this.#exchangedMs = nowMs;
    return drawSome(this.#registry.all(), MAX_EXCHANGED_PEERS, this.#process.random)
      .map(({ address, port }) => ({ address, port }));
  }

  /**
   * Asks the peer at an address; whoever answers has proven to be there.
   *
   * @returns what calls the request off.
   */
  call<Answer>(
    endpoint: PeerEndpoint,
    serve: (life: Neighbour, machine: Machine) => Served<Answer>,
    done: (answer: Answer | CallFailure) => void,
    source: PeerSource = "remembered",
  ): () => void {
    const { machine, world } = this.#process;
    let server: PeerIdentity | undefined;
    let exchanged: readonly PeerEndpoint[] = [];
    return world.network.call<Answer>(
      machine.link,
      endpoint,
      (called) => {
        const { life } = called;
        if (!life) return undefined;
        server = called.identity;
        exchanged = life.meet(machine);
        return serve(life, called);
      },
      (answer) => {
        if (this.#process.isOver) return;
        if (server) this.#prove(server, endpoint, source);
        if (exchanged.length > 0) this.suggest(exchanged, "exchange");
        done(answer);
      },
    );
  }

  #prove(server: PeerIdentity, endpoint: PeerEndpoint, source: PeerSource): void {
    const nowMs = this.#process.nowMs();
    const known = this.#registry.get(server.uuid);
    const isFresh = known?.failures === 0 && known.address === endpoint.address &&
      nowMs - known.provenMs < PROOF_REFRESH_MS;
    if (!isFresh) this.#registry.prove(server, endpoint, source, nowMs);
  }
}

/** Whether a call came to nothing. */
export function isFailure(reply: unknown): reply is CallFailure {
  return reply === "refused" || reply === "timed_out";
}
