import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import { GOSSIP_MS, GossipPlan, MAX_PAGES } from "../../agent/swarm/manifest/gossip_plan.ts";
import { MAX_PAGE_ENTRIES } from "../../agent/swarm/peers/peer_api.ts";
import type {
  PeerEndpoint,
  PeerSource,
  ProvenPeer,
} from "../../agent/swarm/peers/peer_registry.ts";
import type { Served } from "./fake_network.ts";
import { isFailure, type PeerContacts } from "./peer_contacts.ts";
import type { Process } from "./process.ts";
import { QUESTION_BYTES } from "./served_content.ts";
import type { Page } from "./world.ts";

/** Size of an entry on the wire, in bytes. */
const ENTRY_BYTES = 700;

/** Addresses that become known within this time are looked at together, in ms. */
const DIAL_PAUSE_MS = 10;

/** How a peer's manifest comes to agree with those of others. */
export class PeerGossip {
  readonly #process: Process;
  readonly #contacts: PeerContacts;
  readonly #onEntries: (entries: readonly ManifestEntry[]) => void;
  readonly #plan: GossipPlan;
  #isDialDue = false;

  constructor(
    process: Process,
    contacts: PeerContacts,
    onEntries: (entries: readonly ManifestEntry[]) => void,
  ) {
    this.#process = process;
    this.#contacts = contacts;
    this.#onEntries = onEntries;
    this.#plan = new GossipPlan(process.random);
  }

  start(): void {
    this.#process.repeat(GOSSIP_MS, () => {
      this.dial();
      for (const peer of this.#plan.round(this.#contacts.all())) this.#sync(peer);
    });
  }

  /** Calls addresses whose turn it is, and reads the manifest of whoever is there: soon, once for all that were named. */
  dial(): void {
    if (this.#isDialDue) return;
    this.#isDialDue = true;
    this.#process.after(DIAL_PAUSE_MS, () => {
      this.#isDialDue = false;
      this.#dialNow();
    });
  }

  /** A peer has said that its manifest differs. */
  noteDifference(peer: ProvenPeer): void {
    if (this.#plan.maySync(peer.uuid, this.#process.nowMs())) this.#sync(peer);
  }

  /** Hands news to many at once. */
  push(entries: readonly ManifestEntry[]): void {
    for (const peer of this.#plan.pushTargets(this.#contacts.all())) {
      this.#contacts.call(peer, (life) => {
        life.receive(entries);
        return { answer: true, sizeBytes: QUESTION_BYTES };
      }, (answer) => {
        if (isFailure(answer)) this.#contacts.noteFailure(peer.uuid);
      });
    }
  }

  /** A page for somebody who has read up to `since`. */
  page(since: string): Served<Page> {
    const { instance, manifest } = this.#process;
    const [name, counter = "0"] = since.split(":");
    const from = name === instance ? Number(counter) : 0;
    const { entries, next, more } = manifest.since(from, MAX_PAGE_ENTRIES);
    return {
      answer: { instance, entries, next, more },
      sizeBytes: QUESTION_BYTES + entries.length * ENTRY_BYTES,
    };
  }

  #dialNow(): void {
    for (const { source, ...endpoint } of this.#contacts.takeDialable()) {
      this.#pull(endpoint, "", MAX_PAGES, () => {}, source);
    }
  }

  #sync(peer: ProvenPeer): void {
    const cursor = this.#plan.begin(peer.uuid, this.#process.nowMs());
    if (cursor === undefined) return;
    const end = (hadNews: boolean) => this.#plan.end(peer.uuid, hadNews);
    this.#pull(peer, cursor, MAX_PAGES, end, peer.source);
  }

  #pull(
    endpoint: PeerEndpoint,
    cursor: string,
    pages: number,
    end: (hadNews: boolean) => void,
    source: PeerSource,
  ): void {
    let uuid = "";
    this.#contacts.call(endpoint, (life, { identity }) => {
      uuid = identity.uuid;
      return life.page(cursor);
    }, (page) => {
      if (isFailure(page)) {
        if (uuid !== "") this.#contacts.noteFailure(uuid);
        return end(false);
      }
      const since = `${page.instance}:${page.next}`;
      this.#plan.noteCursor(uuid, since);
      this.#onEntries(page.entries);
      if (page.more && pages > 1) this.#pull(endpoint, since, pages - 1, end, source);
      else end(page.entries.length > 0);
    }, source);
  }
}
