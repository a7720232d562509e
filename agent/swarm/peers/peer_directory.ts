import { writeFileDurable } from "../../../shared/platform/durable_write.ts";
import { parseEndpoint } from "../../../shared/swarm/announce_line.ts";
import type { EngineLog } from "../runtime/engine_log.ts";
import type { TaskScope } from "../runtime/task_scope.ts";
import { type PeersFile, readPeers } from "../mirror.ts";
import type { SwarmPaths } from "../swarm_paths.ts";
import { MAX_EXCHANGED_PEERS } from "./peer_api.ts";
import { PeerError } from "./peer_error.ts";
import type { PeerIdentity } from "./peer_identity.ts";
import {
  type Candidate,
  endpointKey,
  type KnownPeer,
  MAX_PEERS,
  type PeerEndpoint,
  PeerRegistry,
  type PeerSource,
  type ProvenPeer,
  REDIAL_MS,
} from "./peer_registry.ts";
import { drawSome } from "./draw_some.ts";

/** Connections opened at once to find out who is there. */
const MAX_DIALLING = 8;
/** Besides, connections to where peers of before were: many of those may be gone, and keep nobody else waiting. */
const MAX_PROBING = 8;
/** Addresses of one caller that are dialled in a minute: it may name any port of its own address. */
const MAX_CALLBACKS = 4;
const SAVE_PAUSE_MS = 1000;
/** A proof is noted again at most this often; every answer is one. */
const PROOF_REFRESH_MS = 10_000;
/** The choice of addresses that are passed on stands this long. */
const EXCHANGE_MS = 1000;

export interface PeerDirectoryOptions {
  readonly paths: SwarmPaths;
  readonly scope: TaskScope;
  readonly ownUuid: string;
  readonly isRevoked: (uuid: string) => boolean;
  /**
   * Asks whoever is at an address something. Every answer is reported to {@linkcode PeerDirectory.prove}, this one too.
   *
   * @throws {PeerError} if nobody of this fleet answers there.
   */
  readonly greet: (endpoint: PeerEndpoint, signal: AbortSignal) => Promise<void>;
  readonly log: EngineLog;
}

/** Knows who is out there: dials addresses that somebody named, and remembers in `peers.json` those that proved themselves. */
export class PeerDirectory {
  readonly #options: PeerDirectoryOptions;
  readonly #registry = new PeerRegistry();
  readonly #waiting: (() => void)[] = [];
  /** Addresses that are being dialled, and how each came to be known. */
  readonly #dials = new Map<string, PeerSource>();
  /** Callers whose address was noted lately, and how often. */
  readonly #callbacks = new Map<string, { readonly sinceMs: number; readonly count: number }>();
  #dialling = 0;
  #probing = 0;
  #own: ReadonlySet<string> = new Set();
  #saveTimer: ReturnType<typeof setTimeout> | undefined;
  #exchange = { text: "", madeMs: -Infinity };

  constructor(options: PeerDirectoryOptions) {
    this.#options = options;
  }

  /** Notes the peers of the last run, to be dialled. */
  async remember(): Promise<void> {
    const { paths, isRevoked } = this.#options;
    const file = await readPeers(paths.root);
    if (!file.ok) return;
    for (const peer of file.value.peers) {
      if (!isRevoked(peer.uuid)) this.#registry.remember(peer);
    }
  }

  /** Where this envoy itself is found: it is not dialled there. */
  setOwn(endpoints: readonly PeerEndpoint[]): void {
    this.#own = new Set(endpoints.map(endpointKey));
  }

  get size(): number {
    return this.#registry.size;
  }

  all(): ProvenPeer[] {
    return this.#registry.all();
  }

  /** Peers of before that do not answer now. */
  absent(): KnownPeer[] {
    return this.#registry.absent();
  }

  get(uuid: string): ProvenPeer | undefined {
    return this.#registry.get(uuid);
  }

  at(endpoint: PeerEndpoint): ProvenPeer | undefined {
    return this.#registry.at(endpoint);
  }

  /** Notes addresses that somebody named, and dials those that may be. */
  suggest(endpoints: readonly PeerEndpoint[], source: PeerSource): void {
    let isNews = false;
    for (const endpoint of endpoints) {
      if (this.#own.has(endpointKey(endpoint))) continue;
      isNews = this.#registry.suggest(endpoint, source) || isNews;
    }
    if (isNews) this.dial();
  }

  /** A peer called and named the port of its own peer server: where it calls from is dialled, now and then. */
  noteCaller({ uuid }: PeerIdentity, endpoint: PeerEndpoint): void {
    if (this.#registry.at(endpoint)?.uuid === uuid) return;
    const nowMs = Date.now();
    const known = this.#callbacks.get(uuid);
    const lately = known && nowMs - known.sinceMs < REDIAL_MS
      ? known
      : { sinceMs: nowMs, count: 0 };
    if (lately.count >= MAX_CALLBACKS) return;
    this.#callbacks.delete(uuid);
    this.#callbacks.set(uuid, { ...lately, count: lately.count + 1 });
    for (const oldest of this.#callbacks.keys()) {
      if (this.#callbacks.size <= MAX_PEERS) break;
      this.#callbacks.delete(oldest);
    }
    this.suggest([endpoint], "inbound");
  }

  /** Addresses as the server writes them. */
  suggestText(addresses: readonly string[], source: PeerSource): void {
    this.suggest(addresses.flatMap((text) => parseEndpoint(text) ?? []), source);
  }

  /**
   * A peer answered: it is who its certificate says, at this address. It was found by what caused the dial; without a
   * dial the address is one that was proven before, by this peer or by another that has left it.
   */
  prove(identity: PeerIdentity, endpoint: PeerEndpoint): void {
    if (identity.uuid === this.#options.ownUuid) return;
    const known = this.#registry.at(endpoint);
    const isFresh = known?.uuid === identity.uuid && known.failures === 0 &&
      Date.now() - known.provenMs < PROOF_REFRESH_MS;
    if (isFresh) return;
    const source = this.#dials.get(endpointKey(endpoint)) ?? known?.source ?? "remembered";
    if (!this.#registry.prove(identity, endpoint, source, Date.now())) return;
    this.#options.log("info", "found a peer", {
      hostname: identity.hostname,
      address: endpointKey(endpoint),
      source,
    });
    this.#saveSoon();
  }

  /** A proven peer did not answer. */
  noteFailure(uuid: string): void {
    const known = this.#registry.get(uuid);
    this.#registry.noteFailure(uuid);
    if (known && !this.#registry.get(uuid)) this.#saveSoon();
  }

  /** Forgets peers that the fleet document has expelled. */
  dropRevoked(): void {
    const revoked = [...this.#registry.all(), ...this.#registry.absent()]
      .filter(({ uuid }) => this.#options.isRevoked(uuid));
    for (const { uuid } of revoked) this.#registry.remove(uuid);
    if (revoked.length > 0) this.#saveSoon();
  }

  /** Dials addresses that nobody has proven yet, as far as the limits allow. */
  dial(): void {
    const { scope } = this.#options;
    const free = MAX_PROBING - this.#probing;
    for (const candidate of this.#registry.takeDialable(Date.now(), free)) {
      if (candidate.source === "remembered") {
        this.#probing += 1;
        scope.run("probe", (signal) => this.#probe(candidate, signal));
      } else scope.run("dial", (signal) => this.#dialInTurn(candidate, signal));
    }
  }

  /** Addresses of some proven peers, for the `X-Peers` header. */
  exchangeText(): string {
    const nowMs = Date.now();
    if (nowMs - this.#exchange.madeMs > EXCHANGE_MS) {
      const some = drawSome(this.#registry.all(), MAX_EXCHANGED_PEERS);
      this.#exchange = { text: some.map(endpointKey).join(","), madeMs: nowMs };
    }
    return this.#exchange.text;
  }

  async save(): Promise<void> {
    clearTimeout(this.#saveTimer);
    this.#saveTimer = undefined;
    const kept = ({ uuid, hostname, address, port, source, provenMs }: KnownPeer) => (
      { uuid, hostname, address, port, source, provenMs }
    );
    const peers = [
      ...this.#registry.all().map(kept),
      ...this.#registry.absent().map((peer) => ({ ...kept(peer), absent: true })),
    ];
    const content: PeersFile = { schema: 1, peers };
    await writeFileDurable(this.#options.paths.peers, JSON.stringify(content), { mode: 0o644 });
  }

  async #probe(candidate: Candidate, signal: AbortSignal): Promise<void> {
    try {
      await this.#dial(candidate, signal);
    } finally {
      this.#probing -= 1;
      this.dial();
    }
  }

  async #dialInTurn(candidate: Candidate, signal: AbortSignal): Promise<void> {
    if (this.#dialling < MAX_DIALLING) this.#dialling += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      if (!signal.aborted) await this.#dial(candidate, signal);
    } finally {
      // The place is handed on, so that nobody else can take it in between.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#dialling -= 1;
    }
  }

  async #dial(candidate: Candidate, signal: AbortSignal): Promise<void> {
    const { greet, log } = this.#options;
    const { address, port, source } = candidate;
    const key = endpointKey(candidate);
    try {
      this.#dials.set(key, source);
      await greet({ address, port }, signal);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      log("debug", "a named address is no peer", { address: key, reason: error.message });
      if (!signal.aborted) this.#registry.noteUnanswered(candidate, Date.now());
    } finally {
      this.#dials.delete(key);
    }
  }

  #saveSoon(): void {
    this.#saveTimer ??= setTimeout(() => {
      this.#options.scope.run("saving peers", () => this.save());
    }, SAVE_PAUSE_MS);
  }
}
