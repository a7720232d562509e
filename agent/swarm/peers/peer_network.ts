import type { SignedBytes } from "../../../shared/crypto/signed_document.ts";
import { writeFileDurable } from "../../../shared/platform/durable_write.ts";
import { type Announcement, parseEndpoint } from "../../../shared/swarm/announce_line.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import type { Announcer } from "../discovery/announcer.ts";
import type { EngineLog } from "../engine/engine_log.ts";
import type { ManifestBook } from "../manifest/manifest_book.ts";
import { type PeersFile, readPeers } from "../mirror.ts";
import { MAX_EXCHANGED_PEERS } from "./peer_api.ts";
import { type PeerClient, PeerError } from "./peer_client.ts";
import {
  endpointKey,
  type PeerEndpoint,
  PeerRegistry,
  type PeerSource,
  type ProvenPeer,
} from "./peer_registry.ts";
import type { SwarmPaths } from "../swarm_paths.ts";
import type { TaskScope } from "../engine/task_scope.ts";

/** Connections opened at once to find out who is there. */
const MAX_DIALLING = 8;
/** Manifests are compared with some peers this often, so that nothing depends on multicast. */
const GOSSIP_MS = 10_000;
const GOSSIP_PEERS = 3;
/** A peer is asked for its manifest at most once in this time, whatever is announced. */
const MIN_SYNC_GAP_MS = 300;
/** Peers that news are pushed to at once. */
const MAX_PUSH_PEERS = 64;
const SAVE_PAUSE_MS = 1000;
/** A proof is noted again at most this often; every answer is one. */
const PROOF_REFRESH_MS = 10_000;
/** Most pages taken from one peer in a row: the whole of a full manifest. */
const MAX_PAGES = 25;
/** Peers that one download asks. */
const MAX_CANDIDATES = 48;

export interface PeerNetworkOptions {
  readonly paths: SwarmPaths;
  readonly client: PeerClient;
  readonly book: ManifestBook;
  readonly scope: TaskScope;
  readonly announcer: Announcer;
  readonly ownUuid: string;
  readonly instance: string;
  readonly isRevoked: (uuid: string) => boolean;
  readonly fleetSerial: () => number;
  readonly onFleet: (signed: SignedBytes) => void;
  /** A peer said that it holds something of a blob. */
  readonly onHave: (uuid: string, sha256: string) => void;
  readonly isHeld: (sha256: string) => boolean;
  readonly log: EngineLog;
}

/** Finds peers, keeps their addresses, and compares manifests with them. */
export class PeerNetwork {
  readonly registry = new PeerRegistry();
  readonly #options: PeerNetworkOptions;
  readonly #cursors = new Map<string, string>();
  readonly #syncing = new Map<string, Promise<void>>();
  readonly #syncedMs = new Map<string, number>();
  /** Which peers said that they hold which blob. */
  readonly #holders = new Map<string, Set<string>>();
  #dialling = 0;
  #own: PeerEndpoint | undefined;
  #saveTimer: ReturnType<typeof setTimeout> | undefined;
  #exchange = { text: "", madeMs: -Infinity };

  constructor(options: PeerNetworkOptions) {
    this.#options = options;
  }

  /** Begins to look for peers: those of the last run first. */
  async start(own: PeerEndpoint): Promise<void> {
    this.#own = own;
    const { scope, paths } = this.#options;
    const file = await readPeers(paths.root);
    if (file.ok) file.value.peers.forEach((peer) => this.registry.suggest(peer, "remembered"));
    scope.repeat("gossip", () => GOSSIP_MS, async (signal) => {
      this.dial();
      const peers = shuffle(this.registry.all()).slice(0, GOSSIP_PEERS);
      await Promise.all(peers.map((peer) => this.#sync(peer, signal)));
    });
  }

  /** Notes addresses that somebody named, and dials those that may be. */
  suggest(endpoints: readonly PeerEndpoint[], source: PeerSource): void {
    let isNews = false;
    for (const endpoint of endpoints) {
      if (this.#own && endpointKey(endpoint) === endpointKey(this.#own)) continue;
      isNews = this.registry.suggest(endpoint, source) || isNews;
    }
    if (isNews) this.dial();
  }

  /** Addresses as the server or a file writes them. */
  suggestText(addresses: readonly string[], source: PeerSource): void {
    this.suggest(addresses.flatMap((text) => parseEndpoint(text) ?? []), source);
  }

  /** A peer answered: it is who its certificate says, at this address. */
  notePeer(
    identity: { uuid: string; hostname: string; fingerprint: string },
    endpoint: PeerEndpoint,
    source: PeerSource = "exchange",
  ): void {
    if (identity.uuid === this.#options.ownUuid) return;
    const known = this.registry.at(endpoint);
    const isFresh = known?.uuid === identity.uuid && known.failures === 0 &&
      Date.now() - known.provenMs < PROOF_REFRESH_MS;
    if (isFresh) return;
    if (!this.registry.prove(identity, endpoint, source, Date.now())) return;
    this.#options.log("info", "found a peer", {
      hostname: identity.hostname,
      address: endpointKey(endpoint),
      source,
    });
    this.#saveSoon();
  }

  /** What a datagram said is a hint: it may cause a question to the peer, never a change. */
  handleAnnouncement({ instance, lines }: Announcement, sourceAddress: string): void {
    const { announcer, book } = this.#options;
    if (instance === this.#options.instance) return;
    announcer.noteInstance(instance, Date.now());
    const ports = lines.flatMap((line) => line.kind === "addr" ? [line] : []);
    const named = ports.find(({ address }) => address === sourceAddress) ?? ports[0];
    const endpoint = named && { address: sourceAddress, port: named.port };
    const peer = endpoint && this.registry.at(endpoint);
    if (endpoint && !peer) this.suggest([endpoint], "multicast");
    for (const line of lines) {
      switch (line.kind) {
        case "have":
          announcer.noteHave(line.sha256);
          if (peer && line.have > 0) this.#noteHolder(line.sha256, peer.uuid);
          break;
        case "want":
          if (this.#options.isHeld(line.sha256)) announcer.noteWant(line.sha256, Date.now());
          break;
        case "manifest":
          if (peer && line.digest !== book.manifest.digest()) this.syncSoon(peer);
          break;
        case "revoke":
          if (peer && book.manifest.isLive(line.sha256)) this.syncSoon(peer);
          break;
        case "addr":
          break;
      }
    }
  }

  /** Peers to ask about a blob: those that said they hold it first, then others at random. */
  candidates(sha256: string): readonly ProvenPeer[] {
    const holders = this.#holders.get(sha256);
    const peers = this.registry.all();
    if (peers.length <= MAX_CANDIDATES) return peers;
    const known = peers.filter(({ uuid }) => holders?.has(uuid));
    const others = peers.filter(({ uuid }) => !holders?.has(uuid));
    return [...shuffle(known), ...shuffle(others)].slice(0, MAX_CANDIDATES);
  }

  /** Forgets who held a blob: a revoked one that comes back starts with fresh claims. */
  forgetHolders(sha256: string): void {
    this.#holders.delete(sha256);
  }

  holderNames(sha256: string): string[] {
    return [...this.#holders.get(sha256) ?? []].flatMap((uuid) =>
      this.registry.get(uuid)?.hostname ?? []
    );
  }

  /** Addresses of some proven peers, for the `X-Peers` header. */
  exchangeText(): string {
    const nowMs = Date.now();
    if (nowMs - this.#exchange.madeMs > 1000) {
      const some = shuffle(this.registry.all()).slice(0, MAX_EXCHANGED_PEERS);
      this.#exchange = { text: some.map(endpointKey).join(","), madeMs: nowMs };
    }
    return this.#exchange.text;
  }

  /** Hands news to peers at once instead of waiting until they ask. */
  push(entries: readonly ManifestEntry[], maxPeers = MAX_PUSH_PEERS): void {
    const { scope, client } = this.#options;
    for (const peer of shuffle(this.registry.all()).slice(0, maxPeers)) {
      scope.run("push", async (signal) => {
        try {
          await client.pushEntries(peer, entries, signal);
        } catch (error) {
          this.#noteTrouble(peer, error);
        }
      });
    }
  }

  /** Asks a peer for what is new in its manifest, unless that was done a moment ago. */
  syncSoon(peer: ProvenPeer): void {
    const sinceMs = Date.now() - (this.#syncedMs.get(peer.uuid) ?? 0);
    if (sinceMs < MIN_SYNC_GAP_MS || this.#syncing.has(peer.uuid)) return;
    this.#options.scope.run("manifest sync", (signal) => this.#sync(peer, signal));
  }

  /** A proven peer did not answer. */
  noteFailure(uuid: string): void {
    this.registry.noteFailure(uuid);
  }

  /** Forgets peers that the fleet document has expelled. */
  dropRevoked(): void {
    for (const { uuid } of this.registry.all()) {
      if (this.#options.isRevoked(uuid)) this.registry.remove(uuid);
    }
  }

  /** Dials addresses that nobody has proven yet, as far as the limits allow. */
  dial(): void {
    for (const candidate of this.registry.takeDialable(Date.now())) {
      this.#options.scope.run("dial", (signal) => this.#dial(candidate, candidate.source, signal));
    }
  }

  async save(): Promise<void> {
    clearTimeout(this.#saveTimer);
    this.#saveTimer = undefined;
    const peers = this.registry.all().map((
      { uuid, hostname, address, port, source, provenMs },
    ) => ({
      uuid,
      hostname,
      address,
      port,
      source,
      provenMs,
    }));
    const content: PeersFile = { schema: 1, peers };
    await writeFileDurable(this.#options.paths.peers, JSON.stringify(content), { mode: 0o644 });
  }

  async #dial(endpoint: PeerEndpoint, source: PeerSource, signal: AbortSignal): Promise<void> {
    while (this.#dialling >= MAX_DIALLING) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (signal.aborted) return;
    }
    this.#dialling += 1;
    try {
      await this.#pull(
        endpoint,
        "",
        signal,
        (identity) => this.notePeer(identity, endpoint, source),
      );
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.#options.log("debug", "a named address is no peer", {
        address: endpointKey(endpoint),
        reason: error.message,
      });
    } finally {
      this.#dialling -= 1;
    }
  }

  #sync(peer: ProvenPeer, signal: AbortSignal): Promise<void> {
    const running = this.#syncing.get(peer.uuid);
    if (running) return running;
    this.#syncedMs.set(peer.uuid, Date.now());
    const done = this.#pull(peer, this.#cursors.get(peer.uuid) ?? "", signal, () => {})
      .catch((error: unknown) => this.#noteTrouble(peer, error))
      .finally(() => this.#syncing.delete(peer.uuid));
    this.#syncing.set(peer.uuid, done);
    return done;
  }

  async #pull(
    endpoint: PeerEndpoint,
    cursor: string,
    signal: AbortSignal,
    onPeer: (peer: ProvenPeer | { uuid: string; hostname: string; fingerprint: string }) => void,
  ): Promise<void> {
    const { client, book } = this.#options;
    let since = cursor;
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const { peer, page } = await client.getManifest(endpoint, since, signal);
      if (peer.uuid === this.#options.ownUuid) return;
      onPeer(peer);
      await book.receive(page.entries);
      since = `${page.instance}:${page.next}`;
      this.#cursors.set(peer.uuid, since);
      if (page.fleetSerial > this.#options.fleetSerial()) {
        this.#options.onFleet(await client.getFleet(endpoint, signal));
      }
      if (!page.more) return;
    }
  }

  #noteHolder(sha256: string, uuid: string): void {
    // Only what the manifest knows is remembered, so that nobody can fill memory with claims.
    if (!this.#options.book.manifest.isLive(sha256)) return;
    const holders = this.#holders.get(sha256) ?? new Set();
    this.#holders.set(sha256, holders.add(uuid));
    this.#options.onHave(uuid, sha256);
  }

  #noteTrouble(peer: ProvenPeer, error: unknown): void {
    if (!(error instanceof PeerError)) throw error;
    if (error.status === undefined) this.registry.noteFailure(peer.uuid);
  }

  #saveSoon(): void {
    this.#saveTimer ??= setTimeout(() => {
      this.#options.scope.run("saving peers", () => this.save());
    }, SAVE_PAUSE_MS);
  }
}

function shuffle<T>(items: readonly T[]): T[] {
  return items.map((item) => ({ item, rank: Math.random() }))
    .sort((one, other) => one.rank - other.rank).map(({ item }) => item);
}
