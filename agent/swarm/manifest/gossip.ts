import type { SignedBytes } from "../../../shared/crypto/signed_document.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import type { TaskScope } from "../engine/task_scope.ts";
import type { PeerClient } from "../peers/peer_client.ts";
import { PeerError } from "../peers/peer_error.ts";
import type { PeerEndpoint, ProvenPeer } from "../peers/peer_registry.ts";
import { shuffle } from "../peers/shuffle.ts";
import type { ManifestBook } from "./manifest_book.ts";

/** Manifests are compared with some peers this often, so that nothing depends on multicast. */
const GOSSIP_MS = 10_000;
const GOSSIP_PEERS = 3;
/** A peer is asked for its manifest at most once in this time, whatever is announced. */
const MIN_SYNC_GAP_MS = 300;
/** Peers that news are pushed to at once; the others hear of them by gossip. */
const MAX_PUSH_PEERS = 64;
/** Most pages taken from one peer in a row: the whole of a full manifest. */
const MAX_PAGES = 25;

export interface GossipOptions {
  readonly client: PeerClient;
  readonly book: ManifestBook;
  readonly scope: TaskScope;
  readonly ownUuid: string;
  /** Proven peers. */
  readonly peers: () => readonly ProvenPeer[];
  readonly onPeerFailure: (uuid: string) => void;
  readonly fleetSerial: () => number;
  /** A peer holds a newer fleet document. */
  readonly onFleet: (signed: SignedBytes) => void;
}

/** Compares manifests with peers, and pushes what must not wait until they ask. */
export class Gossip {
  readonly #options: GossipOptions;
  /** Where each peer's manifest was last read to. */
  readonly #cursors = new Map<string, string>();
  readonly #syncing = new Map<string, Promise<void>>();
  readonly #syncedMs = new Map<string, number>();

  constructor(options: GossipOptions) {
    this.#options = options;
  }

  /** Begins to ask some peers now and then. `onRound` is called before each time. */
  start(onRound: () => void): void {
    this.#options.scope.repeat("gossip", () => GOSSIP_MS, async (signal) => {
      onRound();
      const peers = shuffle(this.#options.peers()).slice(0, GOSSIP_PEERS);
      await Promise.all(peers.map((peer) => this.#sync(peer, signal)));
    });
  }

  /** Asks a peer for what is new in its manifest, unless that was done a moment ago. */
  syncSoon(peer: ProvenPeer): void {
    const sinceMs = Date.now() - (this.#syncedMs.get(peer.uuid) ?? 0);
    if (sinceMs < MIN_SYNC_GAP_MS || this.#syncing.has(peer.uuid)) return;
    this.#options.scope.run("manifest sync", (signal) => this.#sync(peer, signal));
  }

  /** Hands news to at most {@linkcode MAX_PUSH_PEERS} peers at once instead of waiting until they ask. */
  push(entries: readonly ManifestEntry[]): void {
    const { scope, client, peers } = this.#options;
    for (const peer of shuffle(peers()).slice(0, MAX_PUSH_PEERS)) {
      scope.run("push", async (signal) => {
        try {
          await client.pushEntries(peer, entries, signal);
        } catch (error) {
          this.#noteTrouble(peer, error);
        }
      });
    }
  }

  /**
   * Reads the manifest of whoever is at an address, from `cursor` on.
   *
   * @throws {PeerError} if nobody of this fleet answers there.
   */
  async pull(endpoint: PeerEndpoint, cursor: string, signal: AbortSignal): Promise<void> {
    const { client, book, ownUuid, fleetSerial, onFleet } = this.#options;
    let since = cursor;
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const { peer, page } = await client.getManifest(endpoint, since, signal);
      if (peer.uuid === ownUuid) return;
      await book.receive(page.entries);
      since = `${page.instance}:${page.next}`;
      this.#cursors.set(peer.uuid, since);
      if (page.fleetSerial > fleetSerial()) onFleet(await client.getFleet(endpoint, signal));
      if (!page.more) return;
    }
  }

  #sync(peer: ProvenPeer, signal: AbortSignal): Promise<void> {
    const running = this.#syncing.get(peer.uuid);
    if (running) return running;
    this.#syncedMs.set(peer.uuid, Date.now());
    const done = this.pull(peer, this.#cursors.get(peer.uuid) ?? "", signal)
      .catch((error: unknown) => this.#noteTrouble(peer, error))
      .finally(() => this.#syncing.delete(peer.uuid));
    this.#syncing.set(peer.uuid, done);
    return done;
  }

  #noteTrouble(peer: ProvenPeer, error: unknown): void {
    if (!(error instanceof PeerError)) throw error;
    if (error.status === undefined) this.#options.onPeerFailure(peer.uuid);
  }
}
