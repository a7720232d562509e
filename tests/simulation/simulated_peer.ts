import {
  ANNOUNCE_PORT,
  encodeAnnouncements,
  parseAnnouncement,
} from "../../shared/swarm/announce_line.ts";
import { Bitmap } from "../../shared/swarm/bitmap.ts";
import { layoutOf } from "../../shared/swarm/chunk_layout.ts";
import { Manifest } from "../../shared/swarm/manifest.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import { compareCells } from "../../shared/swarm/manifest_order.ts";
import type { ManifestTrust } from "../../shared/swarm/manifest_trust.ts";
import { TargetDecision } from "../../shared/swarm/target_decision.ts";
import type { EntryVerifier } from "../../shared/swarm/verify_entry.ts";
import { Announcer } from "../../agent/swarm/discovery/announcer.ts";
import { followAnnouncement } from "../../agent/swarm/discovery/follow_announcement.ts";
import { HolderClaims } from "../../agent/swarm/discovery/holder_claims.ts";
import { GOSSIP_MS, GossipPlan, MAX_PAGES } from "../../agent/swarm/manifest/gossip_plan.ts";
import { ConnectionLimits } from "../../agent/swarm/peers/connection_limits.ts";
import { MAX_EXCHANGED_PEERS, MAX_PAGE_ENTRIES } from "../../agent/swarm/peers/peer_api.ts";
import type { PeerIdentity } from "../../agent/swarm/peers/peer_identity.ts";
import {
  type PeerEndpoint,
  PeerRegistry,
  type PeerSource,
  type ProvenPeer,
} from "../../agent/swarm/peers/peer_registry.ts";
import { drawSome } from "../../agent/swarm/peers/draw_some.ts";
import { BenchList } from "../../agent/swarm/transfer/bench_list.ts";
import { decideBlobs } from "../../agent/swarm/transfer/blob_decisions.ts";
import type { PlannedRequest } from "../../agent/swarm/transfer/download_plan.ts";
import { DownloadQueue } from "../../agent/swarm/transfer/download_queue.ts";
import type { Question } from "../../agent/swarm/transfer/holder_poll.ts";
import { GivenChunks } from "../../agent/swarm/transfer/given_chunks.ts";
import { SkipList } from "../../agent/swarm/transfer/skip_list.ts";
import type { FakeDisk } from "./fake_disk.ts";
import type { CallFailure, FakeNetwork, Host, HostLink, Served } from "./fake_network.ts";
import type { Prng } from "./prng.ts";
import {
  type BlobReply,
  type ChunkContent,
  type ChunkReply,
  type DownloadHost,
  SimulatedDownload,
} from "./simulated_download.ts";
import type { Scheduled, VirtualTime } from "./virtual_time.ts";

/** How a peer misbehaves. */
export interface Behaviour {
  /** Share of the chunks it sends whose bytes are wrong. */
  readonly corruptShare: number;
  /** Says that it holds every chunk of everything, and then does not. */
  readonly lies: boolean;
}

/** What all peers of a simulation share. */
export interface World {
  readonly time: VirtualTime;
  readonly network: FakeNetwork<SimulatedPeer>;
  readonly trust: () => ManifestTrust;
  readonly verifier: EntryVerifier;
  readonly watch: Watch;
}

/** Told of everything that an invariant is about. */
export interface Watch {
  stored(peer: SimulatedPeer, entry: ManifestEntry, chunk: number, content: ChunkContent): void;
  served(peer: SimulatedPeer, sha256: string, isRevokedHere: boolean): void;
  delivered(from: SimulatedPeer, sizeBytes: number): void;
  completed(peer: SimulatedPeer, sha256: string): void;
}

/** Sizes on the wire of what is not content, in bytes. */
const QUESTION_BYTES = 400;
const ENTRY_BYTES = 700;
/** Pauses of the real engine, in ms. */
const SWEEP_MS = 5_000;
const WRITE_PAUSE_MS = 1_000;
const RETRY_MS = 5_000;
const DISK_RETRY_MS = 60_000;
const NO_HOLDER_MS = 30_000;
const BUSY_RETRY_MS = 1_000;
const PROOF_REFRESH_MS = 10_000;

/** A machine of the simulation: what survives its process, and the process while it runs. */
export class SimulatedPeer implements Host {
  /** The manifest and the peers as they stand on its disk. */
  savedEntries: readonly ManifestEntry[] = [];
  savedPeers: readonly PeerEndpoint[] = [];
  #life: PeerLife | undefined;
  #lives = 0;

  constructor(
    readonly identity: PeerIdentity,
    readonly link: HostLink,
    readonly disk: FakeDisk,
    readonly behaviour: Behaviour,
    private readonly world: World,
    private readonly random: Prng,
  ) {}

  get isUp(): boolean {
    return this.#life !== undefined;
  }

  get endpoint(): PeerEndpoint {
    return { address: this.link.address, port: ANNOUNCE_PORT };
  }

  /** What the process knows, while there is one. */
  get life(): PeerLife | undefined {
    return this.#life;
  }

  /** Starts the process with what the disk holds. */
  start(): void {
    this.#life ??= new PeerLife(this, this.world, this.random.fork(`life-${this.#lives++}`));
  }

  /** Ends the process in order. */
  stop(): void {
    this.#life?.end();
    this.#life = undefined;
  }

  /** The power goes. */
  crash(): void {
    this.#life?.abandon();
    this.#life = undefined;
    this.disk.crash();
  }

  hear(datagram: Uint8Array, sourceAddress: string): void {
    this.#life?.hear(datagram, sourceAddress);
  }

  /** Whether the blob is here as a whole. */
  holds(sha256: string): boolean {
    return this.disk.get(sha256)?.completedMs !== undefined;
  }
}

/** One run of the process: the decisions of the real engine, with a simulated world below them. */
export class PeerLife implements DownloadHost {
  readonly manifest: Manifest;
  readonly disk: FakeDisk;
  readonly random: () => number;
  readonly #instance: string;
  readonly #announcer: Announcer;
  readonly #registry = new PeerRegistry();
  readonly #claims: HolderClaims;
  readonly #gossip: GossipPlan;
  readonly #benches = new BenchList();
  readonly #skipped = new SkipList();
  readonly #targets = new TargetDecision();
  readonly #limits = new ConnectionLimits();
  readonly #given = new Map<string, GivenChunks>();
  readonly #queue: DownloadQueue;
  /** Blobs that wait for a holder, or are being fetched. */
  readonly #downloads = new Map<string, SimulatedDownload | undefined>();
  #filling: Scheduled | undefined;
  #announcement: Scheduled | undefined;
  #saving: Scheduled | undefined;
  #isOver = false;

  constructor(
    private readonly peer: SimulatedPeer,
    private readonly world: World,
    random: Prng,
  ) {
    this.disk = peer.disk;
    this.random = random.next;
    this.#instance = Array.from({ length: 16 }, () => random.below(16).toString(16)).join("");
    this.#announcer = new Announcer(random.next, this.nowMs());
    this.#claims = new HolderClaims(random.next);
    this.#gossip = new GossipPlan(random.next);
    this.#queue = new DownloadQueue(peer.identity.hostname);
    this.manifest = new Manifest(world.trust());
    this.manifest.merge(peer.savedEntries, { nowMs: this.nowMs(), fromServer: true });
    for (const endpoint of peer.savedPeers) this.#registry.suggest(endpoint, "remembered");
    this.#dial();
    this.#announceSoon();
    this.#repeat(GOSSIP_MS, () => this.#gossipRound());
    this.#repeat(SWEEP_MS, () => this.evaluate());
  }

  readonly nowMs = (): number => this.world.time.nowMs;

  get peers(): readonly ProvenPeer[] {
    return this.#registry.all();
  }

  get downloads(): ReadonlyMap<string, SimulatedDownload | undefined> {
    return this.#downloads;
  }

  /** Ends in order: what is known is written. */
  end(): void {
    for (const download of this.#downloads.values()) download?.stop();
    this.#save();
    this.peer.savedPeers = this.#registry.all().map(({ address, port }) => ({ address, port }));
    this.abandon();
  }

  abandon(): void {
    this.#isOver = true;
  }

  after(delayMs: number, run: () => void): Scheduled {
    return this.world.time.after(delayMs, () => {
      if (!this.#isOver) run();
    });
  }

  // What reaches it.

  hear(datagram: Uint8Array, sourceAddress: string): void {
    const announcement = parseOnce(datagram);
    if (!announcement || announcement.instance === this.#instance) return;
    followAnnouncement(announcement, sourceAddress, {
      announcer: this.#announcer,
      manifest: this.manifest,
      nowMs: this.nowMs(),
      peerAt: (endpoint) => this.#registry.at(endpoint),
      suggest: (endpoint) => this.suggest([endpoint], "multicast"),
      sync: (peer) => {
        if (this.#gossip.maySync(peer.uuid, this.nowMs())) this.#sync(peer);
      },
      claim: (sha256, { uuid }) => {
        this.#claims.note(sha256, uuid);
        this.#downloads.get(sha256)?.noteHolder(uuid);
      },
      isHeld: (sha256) => this.peer.holds(sha256) || this.#downloads.get(sha256) !== undefined,
    });
    this.#announceSoon();
  }

  /** Addresses that somebody named. */
  suggest(endpoints: readonly PeerEndpoint[], source: PeerSource): void {
    let isNews = false;
    for (const endpoint of endpoints) {
      if (endpoint.address === this.peer.link.address) continue;
      isNews = this.#registry.suggest(endpoint, source) || isNews;
    }
    if (isNews) this.#dial();
  }

  /** Entries from a peer or the server. Returns those that were news. */
  receive(entries: readonly ManifestEntry[], fromServer = false): readonly ManifestEntry[] {
    const news = entries.filter((entry) => {
      const known = this.manifest.cell(entry.sha256, entry.author);
      if (known && compareCells(entry, known) <= 0) return false;
      return this.world.verifier.verify(entry);
    });
    const changed = this.manifest.merge(news, { nowMs: this.nowMs(), fromServer });
    if (changed.length === 0) return changed;
    const revoked = changed.filter(({ state }) => state === "revoked");
    if (revoked.length > 0) {
      this.#save();
      this.#push(revoked);
      for (const { sha256 } of revoked) {
        if (!this.manifest.isRevoked(sha256)) continue;
        this.#claims.forget(sha256);
        this.#given.delete(sha256);
        this.#announcer.noteRevoked(sha256, this.nowMs());
      }
    }
    this.#saveSoon();
    this.#announcer.noteChange(this.nowMs());
    this.#announceSoon();
    this.evaluate();
    return changed;
  }

  /** Takes in a cell that this peer has made itself. */
  publish(entry: ManifestEntry): void {
    this.receive([entry]);
    this.#save();
    this.#push([entry]);
  }

  // What it decides.

  evaluate(): void {
    const { evict, stop, wanted } = decideBlobs({
      manifest: this.manifest,
      held: [...this.disk.blobs()].flatMap(([sha256, { completedMs }]) =>
        completedMs === undefined ? [] : [{ sha256, completedMs }]
      ),
      fetching: [...this.#downloads.keys()],
      isOpen: true,
      knowsServer: false,
      isWanted: (entry) =>
        !this.#skipped.isWaiting(entry.sha256, this.nowMs()) &&
        this.#targets.isTarget(entry.target, {
          hostname: this.peer.identity.hostname,
          uuid: this.peer.identity.uuid,
          traits: {},
          tags: {},
        }),
      nowMs: this.nowMs(),
    });
    for (const { entry } of evict) this.disk.remove(entry.sha256);
    for (const { sha256, isRevoked } of stop) {
      this.#downloads.get(sha256)?.stop();
      this.#downloads.delete(sha256);
      if (isRevoked) this.disk.remove(sha256);
    }
    this.#queue.setWanted(wanted, this.nowMs());
    this.#fill();
    this.#dial();
  }

  #fill(): void {
    const underWay = [...this.#downloads.keys()].flatMap((sha256) =>
      this.manifest.effective(sha256) ?? []
    );
    for (const entry of this.#queue.take(this.nowMs(), underWay)) this.#begin(entry);
    const dueMs = this.#queue.dueMs(this.nowMs());
    if (this.#filling) this.#filling.isCancelled = true;
    if (dueMs < Infinity) {
      this.#filling = this.after(Math.max(1, dueMs - this.nowMs()), () => this.#fill());
    }
  }

  #begin(entry: ManifestEntry): void {
    const { sha256 } = entry;
    this.#downloads.set(sha256, undefined);
    const isResumed = (this.disk.get(sha256)?.written.count ?? 0) > 0;
    if (isResumed) this.#download(entry);
    else this.#findHolder(entry, this.nowMs() + NO_HOLDER_MS, new Map());
  }

  /** The digests come from the first peer that has them; without any the attempt is given up. */
  #findHolder(entry: ManifestEntry, deadlineMs: number, askAtMs: Map<string, number>): void {
    const { sha256 } = entry;
    const isWaiting = () => this.#downloads.has(sha256) && !this.#downloads.get(sha256);
    if (!isWaiting()) return;
    if (this.nowMs() >= deadlineMs) return this.ended(sha256, "no_progress");
    const next = this.candidates(sha256).find(({ uuid }) =>
      (askAtMs.get(uuid) ?? 0) <= this.nowMs()
    );
    if (!next) {
      this.after(100, () => this.#findHolder(entry, deadlineMs, askAtMs));
      return;
    }
    this.askBlob({ uuid: next.uuid, endpoint: next }, sha256, (reply) => {
      if (!isWaiting()) return;
      if (typeof reply !== "string") return this.#download(entry);
      askAtMs.set(next.uuid, this.nowMs() + 2_000);
      this.#findHolder(entry, deadlineMs, askAtMs);
    });
  }

  #download(entry: ManifestEntry): void {
    this.#downloads.set(entry.sha256, new SimulatedDownload(this, entry));
    this.#announcer.noteChange(this.nowMs());
    this.#announceSoon();
  }

  // What a download asks for.

  candidates(sha256: string): readonly ProvenPeer[] {
    return this.#claims.candidates(sha256, this.#registry.all());
  }

  isBenched(uuid: string): boolean {
    return this.#benches.has(uuid, this.nowMs());
  }

  bench(uuid: string): void {
    this.#benches.bench(uuid, this.nowMs());
  }

  noteStored(entry: ManifestEntry, chunk: number, content: ChunkContent): void {
    this.world.watch.stored(this.peer, entry, chunk, content);
  }

  ended(sha256: string, result: "complete" | "no_progress" | "skipped"): void {
    this.#downloads.delete(sha256);
    const pauseMs = { complete: 0, no_progress: RETRY_MS, skipped: DISK_RETRY_MS }[result];
    if (result === "complete") this.world.watch.completed(this.peer, sha256);
    else this.#skipped.add(sha256, result, this.nowMs(), pauseMs);
    this.#announcer.noteChange(this.nowMs());
    this.#announceSoon();
    this.evaluate();
  }

  askBlob(
    { uuid, endpoint }: Question,
    sha256: string,
    done: (reply: BlobReply | CallFailure) => void,
  ): void {
    this.#call(endpoint, (life) => life.#serveBlob(sha256), (reply) => {
      if (isFailure(reply)) this.#registry.noteFailure(uuid);
      done(reply);
    });
  }

  askChunk(
    { endpoint, chunk }: PlannedRequest,
    { sha256, chunkSizeBytes }: ManifestEntry,
    done: (reply: ChunkReply | CallFailure, hostname: string) => void,
  ): () => void {
    let server: SimulatedPeer | undefined;
    return this.#call<ChunkReply>(
      endpoint,
      (life) => {
        server = life.peer;
        const told = this.#chunksOf(sha256);
        if (told) life.#downloads.get(sha256)?.noteHeld(this.peer.identity.uuid, told);
        return life.#serveChunk(sha256, chunk, chunkSizeBytes, this.peer.identity.uuid);
      },
      (reply) => {
        if (!isFailure(reply) && reply.kind === "bytes" && server) {
          this.world.watch.delivered(server, chunkSizeBytes);
        }
        done(reply, server?.identity.hostname ?? "?");
      },
    );
  }

  // What it serves.

  #serveBlob(sha256: string): Served<BlobReply> {
    const chunks = this.#chunksOf(sha256);
    const isGone = !chunks || this.manifest.isRevoked(sha256);
    return { answer: isGone ? "nothing" : { chunks }, sizeBytes: QUESTION_BYTES };
  }

  #serveChunk(
    sha256: string,
    chunk: number,
    chunkSizeBytes: number,
    caller: string,
  ): Served<ChunkReply> {
    const little = (answer: ChunkReply) => ({ answer, sizeBytes: QUESTION_BYTES });
    const isRevoked = this.manifest.isRevoked(sha256);
    const written = this.disk.get(sha256)?.written;
    if (isRevoked || !written?.has(chunk)) return little({ kind: "not_held" });
    const isWhole = written.isFull;
    const given = this.#givenOf(sha256, written.length);
    const isSeed = this.manifest.effective(sha256)?.origin === this.peer.identity.hostname;
    if (isSeed && given.isOnItsWay(chunk, caller, this.nowMs())) {
      return little({ kind: "given_before", given: given.bits.copy() });
    }
    const leave = this.#limits.enter(caller, "content");
    if (!leave) return little({ kind: "busy", retryAfterMs: BUSY_RETRY_MS });
    // A place is taken for as long as the bytes need on this uplink.
    this.after(chunkSizeBytes / this.peer.link.upBytesPerMs, leave);
    this.world.watch.served(this.peer, sha256, isRevoked);
    given.note(chunk, caller, this.nowMs());
    const isRubbish = this.random() < this.peer.behaviour.corruptShare;
    return {
      answer: {
        kind: "bytes",
        content: isRubbish ? "rubbish" : `${sha256}/${chunk}`,
        held: isWhole ? undefined : this.#chunksOf(sha256),
        given: isWhole ? given.bits.copy() : undefined,
      },
      sizeBytes: chunkSizeBytes + QUESTION_BYTES,
      contentBytes: chunkSizeBytes,
    };
  }

  #chunksOf(sha256: string): Bitmap | undefined {
    const written = this.disk.get(sha256)?.written;
    if (!this.peer.behaviour.lies) return written?.copy();
    const entry = this.manifest.effective(sha256);
    return entry && Bitmap.full(layoutOf(entry).count);
  }

  #givenOf(sha256: string, count: number): GivenChunks {
    const known = this.#given.get(sha256) ?? new GivenChunks(count);
    this.#given.set(sha256, known);
    return known;
  }

  // How it talks.

  #call<Answer>(
    endpoint: PeerEndpoint,
    serve: (life: PeerLife) => Served<Answer>,
    done: (answer: Answer | CallFailure) => void,
    source: PeerSource = "remembered",
  ): () => void {
    let server: PeerIdentity | undefined;
    let exchanged: readonly PeerEndpoint[] = [];
    return this.world.network.call<Answer>(
      this.peer.link,
      endpoint,
      ({ life, identity }) => {
        if (!life) return undefined;
        server = identity;
        exchanged = life.#exchange();
        if (!life.#registry.at(this.peer.endpoint)) life.suggest([this.peer.endpoint], "inbound");
        return serve(life);
      },
      (answer) => {
        if (this.#isOver) return;
        if (server) {
          const known = this.#registry.get(server.uuid);
          const isFresh = known?.failures === 0 && known.address === endpoint.address &&
            this.nowMs() - known.provenMs < PROOF_REFRESH_MS;
          if (!isFresh) this.#registry.prove(server, endpoint, source, this.nowMs());
          if (exchanged.length > 0) this.suggest(exchanged, "exchange");
        }
        done(answer);
      },
    );
  }

  #exchangeMadeMs = -Infinity;
  #exchanged: readonly PeerEndpoint[] = [];

  #exchange(): readonly PeerEndpoint[] {
    if (this.nowMs() - this.#exchangeMadeMs > 1_000) {
      this.#exchangeMadeMs = this.nowMs();
      this.#exchanged = drawSome(this.#registry.all(), MAX_EXCHANGED_PEERS, this.random)
        .map(({ address, port }) => ({ address, port }));
      return this.#exchanged;
    }
    return [];
  }

  #dial(): void {
    for (const { source, ...endpoint } of this.#registry.takeDialable(this.nowMs())) {
      this.#pull(endpoint, "", MAX_PAGES, () => {}, source);
    }
  }

  #gossipRound(): void {
    this.#dial();
    for (const peer of this.#gossip.round(this.#registry.all())) this.#sync(peer);
  }

  #sync(peer: ProvenPeer): void {
    const cursor = this.#gossip.begin(peer.uuid, this.nowMs());
    if (cursor === undefined) return;
    const end = (hadNews: boolean) => this.#gossip.end(peer.uuid, hadNews);
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
    this.#call(endpoint, (life) => {
      uuid = life.peer.identity.uuid;
      return life.#servePage(cursor);
    }, (page) => {
      if (isFailure(page)) {
        if (uuid !== "") this.#registry.noteFailure(uuid);
        return end(false);
      }
      const since = `${page.instance}:${page.next}`;
      this.#gossip.noteCursor(uuid, since);
      this.receive(page.entries);
      if (page.more && pages > 1) this.#pull(endpoint, since, pages - 1, end, source);
      else end(page.entries.length > 0);
    }, source);
  }

  #servePage(since: string) {
    const [name, counter = "0"] = since.split(":");
    const from = name === this.#instance ? Number(counter) : 0;
    const { entries, next, more } = this.manifest.since(from, MAX_PAGE_ENTRIES);
    return {
      answer: { instance: this.#instance, entries, next, more },
      sizeBytes: QUESTION_BYTES + entries.length * ENTRY_BYTES,
    };
  }

  #push(entries: readonly ManifestEntry[]): void {
    for (const peer of this.#gossip.pushTargets(this.#registry.all())) {
      this.#call(peer, (life) => {
        life.receive(entries);
        return { answer: true, sizeBytes: QUESTION_BYTES };
      }, (answer) => {
        if (isFailure(answer)) this.#registry.noteFailure(peer.uuid);
      });
    }
  }

  #announceSoon(): void {
    const delayMs = Math.max(10, this.#announcer.dueMs - this.nowMs());
    const atMs = this.nowMs() + delayMs;
    if (this.#announcement && !this.#announcement.isCancelled && this.#announcement.atMs <= atMs) {
      return;
    }
    if (this.#announcement) this.#announcement.isCancelled = true;
    this.#announcement = this.after(delayMs, () => {
      this.#announcement = undefined;
      this.#announce();
      this.#announceSoon();
    });
  }

  #announce(): void {
    const lines = this.#announcer.take(this.nowMs(), {
      manifestDigest: this.manifest.digest(),
      held: [...this.manifest.blobs()].flatMap(({ sha256 }) => {
        const chunks = this.manifest.isLive(sha256) ? this.#chunksOf(sha256) : undefined;
        return chunks && chunks.count > 0
          ? [{ sha256, have: chunks.count, total: chunks.length }]
          : [];
      }),
      wanted: [...this.#downloads].flatMap(([sha256, download]) =>
        download && download.holders.length === 0 ? [sha256] : []
      ),
    });
    if (!lines) return;
    const addr = { kind: "addr" as const, ...this.peer.endpoint };
    const announcement = { instance: this.#instance, lines: [addr, ...lines] };
    for (const datagram of encodeAnnouncements(announcement, 4)) {
      this.world.network.multicast(this.peer.link, datagram);
    }
  }

  #repeat(pauseMs: number, run: () => void): void {
    const next = () => {
      run();
      this.after(pauseMs, next);
    };
    this.after(this.random() * 1_000, next);
  }

  #saveSoon(): void {
    this.#saving ??= this.after(WRITE_PAUSE_MS, () => {
      this.#saving = undefined;
      this.#save();
    });
  }

  #save(): void {
    this.peer.savedEntries = this.manifest.all();
  }
}

const parsed = new WeakMap<Uint8Array, ReturnType<typeof parseAnnouncement>>();

/** A whole segment hears the same datagram: what it says is read once. */
function parseOnce(datagram: Uint8Array): ReturnType<typeof parseAnnouncement> {
  if (!parsed.has(datagram)) parsed.set(datagram, parseAnnouncement(datagram));
  return parsed.get(datagram);
}

function isFailure(reply: unknown): reply is CallFailure {
  return reply === "refused" || reply === "timed_out";
}
