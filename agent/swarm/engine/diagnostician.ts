import { ANNOUNCE_PORT } from "../../../shared/swarm/announce_line.ts";
import type { NetworkInterface } from "../channel.ts";
import {
  type DiagnosedInterface,
  type DiagnosedPeer,
  type Diagnosis,
  HEARD_LATELY_MS,
  MAX_HEARD_SHOWN,
  MAX_INTERFACES_SHOWN,
  MAX_SILENT_SHOWN,
  PROVEN_LATELY_MS,
} from "../diagnosis.ts";
import { announcedEndpoint, callingAddress } from "../discovery/announce_interfaces.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { Heard } from "../discovery/heard_book.ts";
import { isNear } from "../discovery/is_near.ts";
import type { LinkState } from "../discovery/multicast.ts";
import { knock, type KnockOptions } from "../peers/knock.ts";
import type { ReachAnswer } from "../peers/peer_api.ts";
import type { PeerClient } from "../peers/peer_client.ts";
import type { PeerDirectory } from "../peers/peer_directory.ts";
import { PeerError } from "../peers/peer_error.ts";
import { endpointKey, type KnownPeer, type PeerEndpoint } from "../peers/peer_registry.ts";
import { REACH_MS } from "../peers/reach_desk.ts";
import type { EngineFacts } from "./engine_facts.ts";

/** Answers of peers remembered, so that nobody is asked oftener than it answers. */
const MAX_ANSWERS = 100;
/** Longer than it takes a peer to call back in vain. */
const REACH_TIMEOUT_MS = 10_000;

export interface DiagnosticianOptions {
  readonly facts: () => EngineFacts;
  /** Port of the peer server. */
  readonly port: number;
  readonly discovery: Pick<Discovery, "heard" | "state" | "details">;
  readonly peers: Pick<PeerDirectory, "all" | "absent">;
  readonly client: Pick<PeerClient, "getReach">;
  readonly quietReason: () => string | undefined;
  readonly signal: AbortSignal;
}

/** Looks at the way to the peers: who was heard, and with a name whether that one can be called and calls back. */
export class Diagnostician {
  readonly #options: DiagnosticianOptions;
  readonly #answers = new Map<string, { readonly atMs: number; readonly answer: ReachAnswer }>();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: DiagnosticianOptions) {
    this.#options = options;
  }

  /**
   * One diagnosis at a time: whoever asks decides neither where anything is sent nor how often.
   *
   * @param asked hostname, UUID or address of a peer. One that never proved itself is not called.
   */
  diagnose(asked: string | undefined): Promise<Diagnosis> {
    const diagnosis = this.#queue.then(() => this.#diagnose(asked));
    this.#queue = diagnosis.catch(() => {});
    return diagnosis;
  }

  async #diagnose(asked: string | undefined): Promise<Diagnosis> {
    const { facts, port, discovery, peers, quietReason } = this.#options;
    const { envoy, start, interfaces } = facts();
    const nowMs = Date.now();
    const { sinceMs, links } = discovery.details;
    const heard = discovery.heard.all();
    const networks = links.map((link) => ({ ...link, netmask: netmaskOf(link, interfaces) }));
    const elsewhere = heard.filter(({ address }) =>
      !networks.some((network) => isNear(network, address))
    );
    const { state, problem } = discovery.state;
    return {
      hostname: envoy.hostname,
      port,
      quiet: quietReason() ?? null,
      multicast: {
        state,
        problem: problem ?? null,
        listeningMs: sinceMs === undefined ? null : since(sinceMs, nowMs),
        udpPort: start.discoveryPort ?? ANNOUNCE_PORT,
      },
      interfaces: networks.slice(0, MAX_INTERFACES_SHOWN)
        .map((network) => this.#describe(network, heard, nowMs)),
      heardElsewhere: this.#named(elsewhere, nowMs),
      peers: peers.all().length,
      absent: peers.absent().length,
      announced: await this.#tryAnnounced(),
      peer: asked === undefined ? null : await this.#examine(asked, networks),
    };
  }

  #describe(
    network: LinkState & { readonly netmask: string },
    heard: readonly Heard[],
    nowMs: number,
  ): DiagnosedInterface {
    const { discovery, peers } = this.#options;
    const here = heard.filter(({ address }) => isNear(network, address));
    const silent = peers.all().filter(({ address, provenMs, failures }) =>
      isNear(network, address) && failures === 0 && nowMs - provenMs < PROVEN_LATELY_MS &&
      nowMs - (discovery.heard.lastMs(address) ?? -Infinity) > HEARD_LATELY_MS
    );
    const returnedMs = discovery.heard.ownMs(network.address);
    return {
      name: network.name,
      address: network.address,
      joined: network.joined,
      problem: network.problem ?? null,
      sentAgoMs: network.sentMs === undefined ? null : since(network.sentMs, nowMs),
      returnedAgoMs: returnedMs === undefined ? null : since(returnedMs, nowMs),
      heardCount: here.length,
      heard: this.#named(here, nowMs),
      silent: silent.slice(0, MAX_SILENT_SHOWN)
        .map(({ hostname, address }) => ({ hostname, address })),
    };
  }

  #named(heard: readonly Heard[], nowMs: number): Diagnosis["heardElsewhere"] {
    const names = new Map(this.#options.peers.all().map((peer) => [peer.address, peer.hostname]));
    return heard.slice(0, MAX_HEARD_SHOWN).map(({ address, lastMs }) => (
      { address, hostname: names.get(address) ?? null, agoMs: since(lastMs, nowMs) }
    ));
  }

  /** Calls this envoy itself where it says that it is. */
  async #tryAnnounced(): Promise<Diagnosis["announced"]> {
    const { start, interfaces } = this.#options.facts();
    const endpoint = announcedEndpoint(start);
    if (!endpoint) return null;
    const isOwn = interfaces.some(({ address }) => address === endpoint.address);
    return { ...endpoint, isOwn, knock: await this.#knock(endpoint, start.envoyUuid) };
  }

  async #examine(
    asked: string,
    networks: readonly { readonly address: string; readonly netmask: string }[],
  ): Promise<Diagnosis["peer"]> {
    const { discovery, peers } = this.#options;
    const { heard } = discovery;
    const ago = (lastMs: number | undefined) =>
      lastMs === undefined ? null : since(lastMs, Date.now());
    const peer = [...peers.all(), ...peers.absent()].find((known) => isMeant(known, asked));
    if (!peer) {
      const [address = ""] = asked.split(":");
      return { isKnown: false, asked, heardAgoMs: ago(heard.lastMs(address)) };
    }
    const { hostname, address, port, source } = peer;
    const knocked = await this.#knock({ address, port }, peer.uuid);
    const reached = knocked.outcome === "answered"
      ? await this.#askReach(peer)
      : { reach: null, reachProblem: null };
    return {
      isKnown: true,
      hostname,
      address,
      port,
      source,
      isNear: networks.some((network) => isNear(network, address)),
      heardAgoMs: ago(heard.lastMs(address)),
      knock: knocked,
      ...reached,
    };
  }

  #knock(endpoint: PeerEndpoint, uuid: string) {
    const { facts, signal } = this.#options;
    const { start, interfaces } = facts();
    const options: KnockOptions = {
      endpoint,
      uuid,
      identity: start.identity,
      ca: start.ca,
      localAddress: callingAddress(start, interfaces),
      signal,
    };
    return knock(options);
  }

  /** A peer calls back once a minute; in between its last answer stands, with its age. */
  async #askReach(peer: KnownPeer): Promise<Pick<DiagnosedPeer, "reach" | "reachProblem">> {
    const { client, signal } = this.#options;
    const known = this.#answers.get(peer.uuid);
    if (known && Date.now() - known.atMs < REACH_MS) {
      const askedAgoMs = since(known.atMs, Date.now());
      return { reach: { ...known.answer, askedAgoMs }, reachProblem: null };
    }
    const limited = AbortSignal.any([signal, AbortSignal.timeout(REACH_TIMEOUT_MS)]);
    try {
      const answer = await client.getReach(peer, limited);
      this.#answers.delete(peer.uuid);
      this.#answers.set(peer.uuid, { atMs: Date.now(), answer });
      for (const oldest of this.#answers.keys()) {
        if (this.#answers.size <= MAX_ANSWERS) break;
        this.#answers.delete(oldest);
      }
      return { reach: { ...answer, askedAgoMs: 0 }, reachProblem: null };
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      const reachProblem = error.status === 503
        ? "it calls back once a minute, and did so less than a minute ago"
        : error.message;
      return { reach: null, reachProblem };
    }
  }
}

function isMeant({ hostname, uuid, ...endpoint }: KnownPeer, asked: string): boolean {
  return [hostname, uuid, endpoint.address, endpointKey(endpoint)].includes(asked);
}

function netmaskOf({ address }: LinkState, interfaces: readonly NetworkInterface[]): string {
  return interfaces.find((one) => one.address === address)?.netmask ?? "255.255.255.255";
}

function since(atMs: number, nowMs: number): number {
  return Math.max(0, Math.round(nowMs - atMs));
}
