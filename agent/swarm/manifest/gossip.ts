import type { SignedBytes } from "../../../shared/canonical/signed_document.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { pause, type TaskScope } from "../runtime/task_scope.ts";
import { MAX_PAGE_ENTRIES } from "../peers/peer_api.ts";
import type { PeerClient } from "../peers/peer_client.ts";
import { PeerError } from "../peers/peer_error.ts";
import type { PeerEndpoint, ProvenPeer } from "../peers/peer_registry.ts";
import { GOSSIP_MS, GossipPlan, MAX_PAGES } from "./gossip_plan.ts";
import type { Hearing } from "./hearing.ts";
import type { ManifestBook } from "./manifest_book.ts";

/** News are collected this long before they are pushed: a thousand files placed together are not a thousand pushes. */
const PUSH_MS = 50;

export interface GossipOptions {
  readonly client: PeerClient;
  readonly book: ManifestBook;
  readonly hearing: Hearing;
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
  readonly #plan = new GossipPlan(Math.random);
  #unpushed: ManifestEntry[] = [];

  constructor(options: GossipOptions) {
    this.#options = options;
  }

  /** Begins to ask some peers now and then. `onRound` is called before each time. */
  start(onRound: () => void): void {
    this.#options.scope.repeat("gossip", () => GOSSIP_MS, async (signal) => {
      onRound();
      const { peers: all, hearing } = this.#options;
      const heard = this.#isQuiet ? [] : all().filter(({ uuid }) => !hearing.isDeafTo(uuid));
      const peers = this.#plan.round(heard);
      await Promise.all(peers.map((peer) => this.#sync(peer, signal)));
    });
  }

  /** Asks a peer for what is new in its manifest, unless that was done a moment ago. */
  syncSoon(peer: ProvenPeer): void {
    const { hearing } = this.#options;
    if (this.#isQuiet || hearing.isDeafTo(peer.uuid)) return;
    if (!this.#plan.maySync(peer.uuid, Date.now())) return;
    this.#options.scope.run("manifest sync", (signal) => this.#sync(peer, signal));
  }

  /** Hands news to peers in a moment instead of waiting until they ask; what comes in that moment goes with it. */
  push(entries: readonly ManifestEntry[]): void {
    if (this.#isQuiet) return;
    const isDue = this.#unpushed.length > 0;
    this.#unpushed.push(...entries);
    if (isDue) return;
    this.#options.scope.run("push", async (signal) => {
      await pause(PUSH_MS, signal);
      const news = this.#unpushed;
      this.#unpushed = [];
      for (let at = 0; at < news.length; at += MAX_PAGE_ENTRIES) {
        this.#pushPage(news.slice(at, at + MAX_PAGE_ENTRIES));
      }
    });
  }

  #pushPage(entries: readonly ManifestEntry[]): void {
    const { scope, client, peers } = this.#options;
    for (const peer of this.#plan.pushTargets(peers())) {
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
   * @returns Whether there was anything to read.
   * @throws {PeerError} if nobody of this fleet answers there.
   */
  async pull(endpoint: PeerEndpoint, cursor: string, signal: AbortSignal): Promise<boolean> {
    const { client, book, hearing, ownUuid, fleetSerial, onFleet } = this.#options;
    let since = cursor;
    let hadNews = false;
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const { peer, page } = await client.getManifest(endpoint, since, signal);
      if (peer.uuid === ownUuid || !await hearing.hear(peer, page.entries)) return false;
      hadNews ||= page.entries.length > 0;
      since = `${page.instance}:${page.next}`;
      this.#plan.noteCursor(peer.uuid, since);
      if (page.fleetSerial > fleetSerial()) onFleet(await client.getFleet(endpoint, signal));
      if (page.more) continue;
      book.notePeerSync();
      break;
    }
    return hadNews;
  }

  get #isQuiet(): boolean {
    return this.#options.book.quietReason !== undefined;
  }

  async #sync(peer: ProvenPeer, signal: AbortSignal): Promise<void> {
    const cursor = this.#plan.begin(peer.uuid, Date.now());
    if (cursor === undefined) return;
    let hadNews = false;
    try {
      hadNews = await this.pull(peer, cursor, signal);
    } catch (error) {
      this.#noteTrouble(peer, error);
    } finally {
      this.#plan.end(peer.uuid, hadNews);
    }
  }

  #noteTrouble(peer: ProvenPeer, error: unknown): void {
    if (!(error instanceof PeerError)) throw error;
    if (error.status === undefined) this.#options.onPeerFailure(peer.uuid);
  }
}
