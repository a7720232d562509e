import { encodeAnnouncements, parseAnnouncement } from "../../shared/swarm/announce_line.ts";
import type { Bitmap } from "../../shared/swarm/bitmap.ts";
import { Announcer, MAX_DATAGRAMS_PER_INTERVAL } from "../../agent/swarm/discovery/announcer.ts";
import { followAnnouncement } from "../../agent/swarm/discovery/follow_announcement.ts";
import type { PeerContacts } from "./peer_contacts.ts";
import type { PeerGossip } from "./peer_gossip.ts";
import type { Process } from "./process.ts";
import type { SimulatedDownload } from "./simulated_download.ts";
import type { Scheduled } from "./virtual_time.ts";

/** What announcements tell of, and whom they concern. */
export interface AnnouncementParts {
  readonly contacts: PeerContacts;
  readonly gossip: PeerGossip;
  readonly chunksOf: (sha256: string) => Bitmap | undefined;
  readonly downloads: () => ReadonlyMap<string, SimulatedDownload | undefined>;
  /** A peer says that it holds something of a blob. */
  readonly noteClaim: (sha256: string, uuid: string) => void;
}

/** What a peer says on its segment, and what it makes of what it hears there. */
export class PeerAnnouncements {
  readonly #process: Process;
  readonly #parts: AnnouncementParts;
  readonly #announcer: Announcer;
  #next: Scheduled | undefined;

  constructor(process: Process, parts: AnnouncementParts) {
    this.#process = process;
    this.#parts = parts;
    this.#announcer = new Announcer(process.random, process.nowMs());
  }

  start(): void {
    this.#announceSoon();
  }

  hear(datagram: Uint8Array, sourceAddress: string): void {
    const { instance, manifest, nowMs } = this.#process;
    const { contacts, gossip, chunksOf, noteClaim } = this.#parts;
    const announcement = parseOnce(datagram);
    if (!announcement || announcement.instance === instance) return;
    followAnnouncement(announcement, sourceAddress, {
      announcer: this.#announcer,
      manifest,
      nowMs: nowMs(),
      peerAt: (endpoint) => contacts.at(endpoint),
      suggest: (endpoint) => contacts.suggest([endpoint], "multicast"),
      sync: (peer) => gossip.noteDifference(peer),
      claim: (sha256, { uuid }) => noteClaim(sha256, uuid),
      isHeld: (sha256) => (chunksOf(sha256)?.count ?? 0) > 0,
    });
    this.#announceSoon();
  }

  /** Something that peers should know soon has changed. */
  noteChange(): void {
    this.#announcer.noteChange(this.#process.nowMs());
    this.#announceSoon();
  }

  noteRevoked(sha256: string): void {
    this.#announcer.noteRevoked(sha256, this.#process.nowMs());
    this.#announceSoon();
  }

  #announceSoon(): void {
    const nowMs = this.#process.nowMs();
    const delayMs = Math.max(10, this.#announcer.dueMs - nowMs);
    if (this.#next && !this.#next.isCancelled && this.#next.atMs <= nowMs + delayMs) return;
    if (this.#next) this.#next.isCancelled = true;
    this.#next = this.#process.after(delayMs, () => {
      this.#next = undefined;
      this.#announce();
      this.#announceSoon();
    });
  }

  #announce(): void {
    const { instance, manifest, machine, world } = this.#process;
    const { chunksOf, downloads } = this.#parts;
    const lines = this.#announcer.take(this.#process.nowMs(), {
      manifestDigest: manifest.digest(),
      held: [...manifest.blobs()].flatMap(({ sha256 }) => {
        const chunks = manifest.isLive(sha256) ? chunksOf(sha256) : undefined;
        return chunks && chunks.count > 0
          ? [{ sha256, have: chunks.count, total: chunks.length }]
          : [];
      }),
      wanted: [...downloads()].flatMap(([sha256, download]) =>
        download && download.holders.length === 0 ? [sha256] : []
      ),
    });
    if (!lines) return;
    const addr = { kind: "addr" as const, ...machine.endpoint };
    const announcement = { instance, lines: [addr, ...lines] };
    for (const datagram of encodeAnnouncements(announcement, MAX_DATAGRAMS_PER_INTERVAL)) {
      world.network.multicast(machine.link, datagram);
    }
  }
}

const parsed = new WeakMap<Uint8Array, ReturnType<typeof parseAnnouncement>>();

/** A whole segment hears the same datagram: what it says is read once. */
function parseOnce(datagram: Uint8Array): ReturnType<typeof parseAnnouncement> {
  if (!parsed.has(datagram)) parsed.set(datagram, parseAnnouncement(datagram));
  return parsed.get(datagram);
}
