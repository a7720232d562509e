import type { Bitmap } from "../../shared/swarm/bitmap.ts";
import type { Manifest } from "../../shared/swarm/manifest.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import { compareCells } from "../../shared/swarm/manifest_order.ts";
import type { PeerEndpoint, PeerSource } from "../../agent/swarm/peers/peer_registry.ts";
import type { Served } from "./fake_network.ts";
import { PeerAnnouncements } from "./peer_announcements.ts";
import { PeerContacts } from "./peer_contacts.ts";
import { PeerGossip } from "./peer_gossip.ts";
import { PeerReceiver } from "./peer_receiver.ts";
import type { Prng } from "./prng.ts";
import { Process } from "./process.ts";
import { ServedContent } from "./served_content.ts";
import type { SimulatedDownload } from "./simulated_download.ts";
import type { Scheduled } from "./virtual_time.ts";
import type {
  AskedChunk,
  BlobReply,
  ChunkReply,
  Machine,
  Neighbour,
  Page,
  World,
} from "./world.ts";

/** The manifest is written this long after it changed, as by the real engine. */
const WRITE_PAUSE_MS = 1_000;

/** A machine with what stands on its disk beside content. */
interface SavingMachine extends Machine {
  savedEntries: readonly ManifestEntry[];
  savedPeers: readonly PeerEndpoint[];
}

/** One run of the process: the decisions of the real engine, with a simulated world below them. */
export class PeerLife implements Neighbour {
  readonly #machine: SavingMachine;
  readonly #process: Process;
  readonly #contacts: PeerContacts;
  readonly #gossip: PeerGossip;
  readonly #announcements: PeerAnnouncements;
  readonly #content: ServedContent;
  readonly #receiver: PeerReceiver;
  #saving: Scheduled | undefined;

  constructor(machine: SavingMachine, world: World, random: Prng) {
    this.#machine = machine;
    const process = new Process(machine, world, random);
    this.#process = process;
    this.#contacts = new PeerContacts(process, () => this.#gossip.dial());
    this.#gossip = new PeerGossip(process, this.#contacts, (entries) => this.receive(entries));
    this.#content = new ServedContent(process);
    this.#announcements = new PeerAnnouncements(process, {
      contacts: this.#contacts,
      gossip: this.#gossip,
      chunksOf: (sha256) => this.#content.chunksOf(sha256),
      downloads: () => this.downloads,
      noteClaim: (sha256, uuid) => this.#receiver.noteClaim(sha256, uuid),
    });
    this.#receiver = new PeerReceiver(process, {
      contacts: this.#contacts,
      chunksOf: (sha256) => this.#content.chunksOf(sha256),
      onChange: () => this.#announcements.noteChange(),
    });
    const { savedEntries, savedPeers } = machine;
    this.manifest.merge(savedEntries, { nowMs: process.nowMs(), fromServer: true });
    this.suggest(savedPeers, "remembered");
    this.#announcements.start();
    this.#gossip.start();
    this.#receiver.start();
  }

  get manifest(): Manifest {
    return this.#process.manifest;
  }

  /** Blobs that wait for a holder, or are being fetched. */
  get downloads(): ReadonlyMap<string, SimulatedDownload | undefined> {
    return this.#receiver.downloads;
  }

  /** Ends in order: what is known is written. */
  end(): void {
    this.#receiver.stop();
    this.#save();
    this.#machine.savedPeers = this.#contacts.all().map(({ address, port }) => ({ address, port }));
    this.abandon();
  }

  abandon(): void {
    this.#process.end();
  }

  /** Addresses that somebody named. */
  suggest(endpoints: readonly PeerEndpoint[], source: PeerSource): void {
    this.#contacts.suggest(endpoints, source);
  }

  /** Takes in a cell that this peer has made itself. */
  publish(entry: ManifestEntry): void {
    this.receive([entry]);
    this.#save();
    this.#gossip.push([entry]);
  }

  hear(datagram: Uint8Array, sourceAddress: string): void {
    this.#announcements.hear(datagram, sourceAddress);
  }

  meet(caller: Machine): readonly PeerEndpoint[] {
    return this.#contacts.meet(caller);
  }

  page(since: string): Served<Page> {
    return this.#gossip.page(since);
  }

  /** Entries from a peer or the server. */
  receive(entries: readonly ManifestEntry[]): void {
    const { world: { verifier }, nowMs } = this.#process;
    const news = entries.filter((entry) => {
      const known = this.manifest.cell(entry.sha256, entry.author);
      if (known && compareCells(entry, known) <= 0) return false;
      return verifier.verify(entry);
    });
    const changed = this.manifest.merge(news, { nowMs: nowMs(), fromServer: false });
    if (changed.length === 0) return;
    const revoked = changed.filter(({ state }) => state === "revoked");
    if (revoked.length > 0) {
      this.#save();
      this.#gossip.push(revoked);
      for (const { sha256 } of revoked) this.#forget(sha256);
    }
    this.#saveSoon();
    this.#announcements.noteChange();
    this.#receiver.evaluate();
    this.#gossip.dial();
  }

  blob(sha256: string): Served<BlobReply> {
    return this.#content.blob(sha256);
  }

  chunk(asked: AskedChunk, caller: Machine, told: Bitmap | undefined): Served<ChunkReply> {
    const { uuid } = caller.identity;
    if (told) this.downloads.get(asked.sha256)?.noteHeld(uuid, told);
    return this.#content.chunk(asked, uuid);
  }

  #forget(sha256: string): void {
    if (!this.manifest.isRevoked(sha256)) return;
    this.#receiver.forget(sha256);
    this.#content.forget(sha256);
    this.#announcements.noteRevoked(sha256);
  }

  #saveSoon(): void {
    this.#saving ??= this.#process.after(WRITE_PAUSE_MS, () => {
      this.#saving = undefined;
      this.#save();
    });
  }

  #save(): void {
    this.#machine.savedEntries = this.manifest.all();
  }
}
