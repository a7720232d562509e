import type { EnvoyDocument } from "../../../shared/config/envoy_document.ts";
import type { FleetDocument } from "../../../shared/config/fleet_document.ts";
import type { SignedBytes } from "../../../shared/crypto/signed_document.ts";
import { writeFileDurable } from "../../../shared/platform/durable_write.ts";
import { Bitmap } from "../../../shared/swarm/bitmap.ts";
import { layoutOf } from "../../../shared/swarm/chunk_layout.ts";
import { REVOKED_HORIZON_MS } from "../../../shared/swarm/manifest.ts";
import type { ManifestEntry, UnsignedManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { ManifestTrust } from "../../../shared/swarm/manifest_trust.ts";
import { TargetDecision } from "../../../shared/swarm/target_decision.ts";
import { type AnnounceFacts, Announcer } from "../discovery/announcer.ts";
import { BlobStore } from "../blobs/blob_store.ts";
import type { EngineStart, FromEngine, NetworkInterface, SwarmLinks } from "../channel.ts";
import { removeIfPresent } from "../blobs/chunk_file.ts";
import { readDiskSpace } from "../blobs/disk_gate.ts";
import { Discovery } from "../discovery/discovery.ts";
import type { EngineLog } from "./engine_log.ts";
import { asProgress, reportBlobs } from "./engine_report.ts";
import type { Hasher } from "../hashing/hasher.ts";
import { ManifestBook } from "../manifest/manifest_book.ts";
import type { SwarmState } from "../mirror.ts";
import type { StorageAnswer } from "../peers/peer_api.ts";
import { PeerClient } from "../peers/peer_client.ts";
import type { PeerIdentity } from "../peers/peer_identity.ts";
import { PeerNetwork } from "../peers/peer_network.ts";
import { PeerRoutes, type ServedBlob } from "../peers/peer_routes.ts";
import { PeerServer } from "../peers/peer_server.ts";
import { Receiver } from "../transfer/receiver.ts";
import { SeedKeeper } from "../seeds/seed_keeper.ts";
import { SwarmPaths } from "../swarm_paths.ts";
import { pause, TaskScope } from "./task_scope.ts";
import { TokenBucket } from "../transfer/token_bucket.ts";

/** Pauses between two looks into `seed/`: usual, and while something there is still changing. */
const SEED_SCAN_MS = 2000;
const SEED_SETTLE_MS = 500;
/** How often things are done that only time brings about: retention, pruning, retries. */
const SWEEP_MS = 5000;
/** Reports and mirror files follow a change after this. */
const REPORT_MS = 1000;
/** An interface that does not tell its speed is taken for this fast. */
const DEFAULT_SPEED_MBPS = 1000;
/** Answers about free room are kept this long. */
const STORAGE_CACHE_MS = 60_000;

/** What the daemon has said so far. */
export interface EngineFacts {
  readonly start: EngineStart;
  readonly fleet: FleetDocument;
  readonly fleetSigned: SignedBytes;
  readonly envoy: EnvoyDocument;
  readonly documentsMs: number;
  readonly traits: unknown;
  readonly interfaces: readonly NetworkInterface[];
  readonly clockOffsetMs: number;
}

export interface EngineSessionOptions {
  /** The newest facts; they change while the session runs. */
  readonly facts: () => EngineFacts;
  readonly instance: string;
  readonly hasher: Hasher;
  readonly post: (message: FromEngine) => void;
  readonly sign: (entry: UnsignedManifestEntry) => Promise<ManifestEntry>;
  /** Has the daemon's side make these links and no others. */
  readonly link: (links: SwarmLinks) => Promise<void>;
  readonly log: EngineLog;
}

/** Everything that runs while the gates are open: server, discovery, seeds, downloads. */
export class EngineSession {
  readonly #options: EngineSessionOptions;
  readonly #scope: TaskScope;
  readonly #paths: SwarmPaths;
  readonly #store: BlobStore;
  readonly #book: ManifestBook;
  readonly #client: PeerClient;
  readonly #announcer: Announcer;
  readonly #network: PeerNetwork;
  readonly #seeds: SeedKeeper;
  readonly #receiver: Receiver;
  readonly #download: TokenBucket;
  readonly #upload: TokenBucket;
  /** Which chunks of which blob were given to anybody. */
  readonly #given = new Map<string, Bitmap>();
  #server: PeerServer | undefined;
  #discovery: Discovery | undefined;
  #reportDue: ReturnType<typeof setTimeout> | undefined;
  #reported = "";
  #links = "";
  #storage: { readonly answer: StorageAnswer; readonly readMs: number } | undefined;
  /** Signatures of cells that the server is just handing over: it need not hear of them. */
  readonly #fromServer = new Set<string>();

  private constructor(
    options: EngineSessionOptions,
    parts: {
      scope: TaskScope;
      paths: SwarmPaths;
      store: BlobStore;
      book: ManifestBook;
      client: PeerClient;
      announcer: Announcer;
      network: PeerNetwork;
      seeds: SeedKeeper;
      receiver: Receiver;
    },
  ) {
    this.#options = options;
    this.#scope = parts.scope;
    this.#paths = parts.paths;
    this.#store = parts.store;
    this.#book = parts.book;
    this.#client = parts.client;
    this.#announcer = parts.announcer;
    this.#network = parts.network;
    this.#seeds = parts.seeds;
    this.#receiver = parts.receiver;
    this.#download = new TokenBucket(undefined, performance.now());
    this.#upload = new TokenBucket(undefined, performance.now());
  }

  /**
   * Opens the store and the manifest, listens, and begins to look for peers.
   *
   * @throws {Error} if the folder cannot be used, the port cannot be bound, or the listener serves strangers.
   */
  static async start(options: EngineSessionOptions): Promise<EngineSession> {
    const { facts, instance, hasher, log } = options;
    const { start } = facts();
    const paths = new SwarmPaths(start.folder);
    const scope = new TaskScope(log);
    const now = () => Date.now() + facts().clockOffsetMs;
    const targets = new TargetDecision();
    const store = await BlobStore.open(paths);
    // The parts know each other only through the session, which exists once they do.
    const later: { session?: EngineSession } = {};
    const book = await ManifestBook.open({
      paths,
      trust: trustOf(facts()),
      author: start.author,
      instance,
      now,
      log,
      onChange: (entries) => later.session?.handleNews(entries),
    });
    const isRevoked = (peer: Pick<PeerIdentity, "uuid" | "fingerprint">) => {
      const { revokedEnvoys, revokedCertificates } = facts().fleet;
      return revokedEnvoys.includes(peer.uuid) || revokedCertificates.includes(peer.fingerprint);
    };
    const client = new PeerClient({
      identity: start.identity,
      ca: start.ca,
      localAddress: start.listenAddress,
      isRevoked,
      ownPort: () => portOf(facts()),
      onPeer: (peer, endpoint) => later.session?.notePeer(peer, endpoint),
      onExchange: (endpoints) => later.session?.suggestPeers(endpoints),
    });
    const announcer = new Announcer(Math.random, Date.now());
    const network = new PeerNetwork({
      paths,
      client,
      book,
      scope,
      announcer,
      ownUuid: start.envoyUuid,
      instance,
      isRevoked: (uuid) => facts().fleet.revokedEnvoys.includes(uuid),
      fleetSerial: () => facts().fleet.serial,
      onFleet: (signed) => options.post({ kind: "fleet", signed }),
      onHave: (uuid, sha256) => later.session?.noteHolder(uuid, sha256),
      isHeld: (sha256) => later.session?.holds(sha256) ?? false,
      log,
    });
    const seeds = await SeedKeeper.open({
      paths,
      store,
      book,
      hasher,
      targets,
      author: start.author,
      hostname: facts().envoy.hostname,
      now,
      maySeed: () => facts().envoy.swarm.seeder && isPayloadOpen(facts()),
      sign: options.sign,
      log,
    });
    const receiver = await Receiver.open({
      paths,
      store,
      book,
      client,
      hasher,
      targets,
      scope,
      hostname: facts().envoy.hostname,
      minFreePercent: start.minFreePercent,
      now,
      subject: () => {
        const { envoy, traits } = facts();
        return { hostname: envoy.hostname, uuid: envoy.envoyUuid, traits, tags: envoy.tags };
      },
      isOpen: () => isPayloadOpen(facts()),
      isSeed: (sha256) => seeds.seeds.has(sha256),
      candidates: (sha256) => network.candidates(sha256),
      onPeerFailure: (uuid) => network.noteFailure(uuid),
      takeBandwidth: (sizeBytes, signal) =>
        later.session?.takeDownload(sizeBytes, signal) ?? Promise.resolve(),
      onChange: () => later.session?.noteChange(),
      log,
    });
    const parts = { scope, paths, store, book, client, announcer, network, seeds, receiver };
    const session = new EngineSession(options, parts);
    later.session = session;
    try {
      await session.#begin(isRevoked);
    } catch (error) {
      await session.stop();
      throw error;
    }
    return session;
  }

  async #begin(isRevoked: (peer: PeerIdentity) => boolean): Promise<void> {
    const { facts, instance, log, post } = this.#options;
    const { start } = facts();
    this.applyDocuments();
    this.#server = await PeerServer.start({
      identity: start.identity,
      ca: start.ca,
      address: start.listenAddress,
      port: portOf(facts()),
      isRevoked,
      onCaller: (_peer, endpoint) => this.#network.suggest([endpoint], "inbound"),
      routes: new PeerRoutes({
        blob: (sha256) => this.#serve(sha256),
        manifestPage: (since) => this.#book.page(since, facts().fleet.serial),
        acceptPush: async (entries) => void await this.#book.receive(entries),
        fleet: () => facts().fleetSigned,
        exchange: () => this.#network.exchangeText(),
        storage: (purpose) => this.#readStorage(purpose),
        takeUpload: (sizeBytes) => this.#take(this.#upload, sizeBytes, this.#scope.signal),
        log,
      }),
    });
    const port = this.#server.port;
    const discovery = new Discovery({
      instance,
      announcer: this.#announcer,
      scope: this.#scope,
      port,
      discoveryPort: start.discoveryPort,
      announceAddress: start.announceAddress,
      facts: () => this.#announceFacts(),
      onAnnouncement: (announcement, address) =>
        this.#network.handleAnnouncement(announcement, address),
      log,
    });
    this.#discovery = discovery;
    this.applyInterfaces();
    discovery.start();
    await this.#network.start({ address: start.listenAddress ?? "127.0.0.1", port });
    const own = this.#book.manifest.all().filter(({ author }) => author === start.author);
    post({ kind: "entries", entries: own, digest: this.#book.manifest.digest() });
    let unsettled = false;
    this.#scope.repeat(
      "scan of seed/",
      () => unsettled ? SEED_SETTLE_MS : SEED_SCAN_MS,
      async (signal) => {
        ({ unsettled } = await this.#seeds.scan(signal));
        this.noteChange();
      },
    );
    this.#scope.repeat("sweep", () => SWEEP_MS, () => this.#sweep());
    const address = start.listenAddress ?? facts().interfaces[0]?.address ?? "0.0.0.0";
    post({ kind: "ready", port, address });
    log("info", "swarm manager started", { address, port });
    await this.report();
  }

  /** Ends everything and writes what is known; nothing is deleted. */
  async stop(): Promise<void> {
    clearTimeout(this.#reportDue);
    await this.#receiver.stop();
    await this.#scope.stop();
    await this.#server?.stop();
    this.#server = undefined;
    this.#discovery = undefined;
    this.#client.close();
    await this.#network.save();
    await this.#book.close();
    clearTimeout(this.#reportDue);
    const state = this.#state(this.#reportBlobs(), [...this.#seeds.problems]);
    await writeFileDurable(this.#paths.state, JSON.stringify(state), { mode: 0o644 });
  }

  /** New documents: other trust, other gates, other limits. */
  applyDocuments(): void {
    const facts = this.#options.facts();
    const { maxBandwidthPercent, maxUploadMbps } = facts.envoy.swarm;
    const speeds = facts.interfaces.flatMap(({ speedMbps }) => speedMbps ?? []);
    const speedMbps = speeds.length > 0 ? Math.max(...speeds) : DEFAULT_SPEED_MBPS;
    this.#download.setRate(speedMbps * 1e6 / 8 * maxBandwidthPercent / 100);
    this.#upload.setRate(maxUploadMbps === null ? undefined : maxUploadMbps * 1e6 / 8);
    this.#book.setTrust(trustOf(facts));
    this.#network.dropRevoked();
    this.#server?.closeRevoked();
    this.#evaluate();
    this.noteChange();
  }

  applyInterfaces(): void {
    const { start, interfaces } = this.#options.facts();
    const addresses = start.listenAddress !== undefined && start.listenAddress !== "0.0.0.0"
      ? [start.listenAddress]
      : interfaces.map(({ address }) => address);
    this.#discovery?.setAddresses(addresses);
  }

  applyTraits(): void {
    this.#evaluate();
  }

  applyHints(addresses: readonly string[]): void {
    this.#network.suggestText(addresses, "server");
  }

  async receiveFromServer(entries: readonly ManifestEntry[]): Promise<void> {
    for (const { signature } of entries) this.#fromServer.add(signature);
    try {
      await this.#book.receive(entries, true);
    } finally {
      this.#fromServer.clear();
    }
  }

  /** Port and certificate stand for the life of a session; a change of either needs a new one. */
  get port(): number | undefined {
    return this.#server?.port;
  }

  /** Removes partials whose blob is complete. Links are the daemon's side to clean. */
  async clean(): Promise<{ stalePartials: number; errors: number }> {
    let stalePartials = 0;
    let errors = 0;
    for (const { sha256 } of this.#store.all()) {
      const partial = this.#paths.partial(sha256);
      try {
        await Deno.lstat(partial);
        await removeIfPresent(partial);
        stalePartials += 1;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) errors += 1;
      }
    }
    return { stalePartials, errors };
  }

  /** The manifest has news. */
  handleNews(entries: readonly ManifestEntry[]): void {
    const { facts, post } = this.#options;
    const { author } = facts().start;
    const untold = entries.filter(({ signature }) => !this.#fromServer.has(signature));
    if (untold.length > 0) {
      post({ kind: "entries", entries: untold, digest: this.#book.manifest.digest() });
    }
    const urgent = entries.filter((entry) => entry.author === author || entry.state === "revoked");
    if (urgent.length > 0) this.#network.push(urgent);
    for (const { sha256 } of entries) {
      if (!this.#book.manifest.isRevoked(sha256)) continue;
      this.#network.forgetHolders(sha256);
      this.#given.delete(sha256);
      this.#announcer.noteRevoked(sha256, Date.now());
      const bury = () => this.#seeds.bury(sha256);
      if (this.#seeds.seeds.has(sha256)) this.#scope.run("burial of a seed", bury);
    }
    this.#announcer.noteChange(Date.now());
    this.#evaluate();
    this.noteChange();
  }

  notePeer(peer: PeerIdentity, endpoint: { address: string; port: number }): void {
    this.#network.notePeer(peer, endpoint);
  }

  suggestPeers(endpoints: readonly { address: string; port: number }[]): void {
    this.#network.suggest(endpoints, "exchange");
  }

  noteHolder(uuid: string, sha256: string): void {
    this.#receiver.download(sha256)?.noteHolder(uuid);
  }

  holds(sha256: string): boolean {
    return this.#store.get(sha256) !== undefined || this.#seeds.seeds.has(sha256) ||
      this.#receiver.download(sha256)?.partial !== undefined;
  }

  takeDownload(sizeBytes: number, signal: AbortSignal): Promise<void> {
    return this.#take(this.#download, sizeBytes, signal);
  }

  /** Something that reports and mirror files show has changed. */
  noteChange(): void {
    this.#announceHeld();
    this.#reportDue ??= setTimeout(() => {
      this.#reportDue = undefined;
      this.#scope.run("report", () => this.report());
    }, REPORT_MS);
  }

  /** Tells the daemon and the mirror files how things stand, if that has changed. */
  async report(): Promise<void> {
    const blobs = this.#reportBlobs();
    const problems = [...this.#seeds.problems];
    const progress = blobs.map(asProgress);
    const { post } = this.#options;
    await this.#sendLinks();
    const state = this.#state(blobs, problems);
    const text = JSON.stringify({ ...state, updatedMs: 0 });
    if (text === this.#reported) return;
    this.#reported = text;
    post({ kind: "progress", blobs: progress, problems });
    await writeFileDurable(this.#paths.state, JSON.stringify(state), { mode: 0o644 });
  }

  #reportBlobs(): SwarmState["blobs"] {
    return reportBlobs({
      book: this.#book,
      store: this.#store,
      seeds: this.#seeds,
      receiver: this.#receiver,
      network: this.#network,
    });
  }

  #state(blobs: SwarmState["blobs"], problems: SwarmState["problems"]): SwarmState {
    const { facts, instance } = this.#options;
    const { start, fleet, envoy, documentsMs } = facts();
    const states = [...this.#book.manifest.blobs()].map(({ state }) => state);
    const port = this.port;
    const { state, interfaces, problem } = this.#discovery?.state ??
      { state: "off" as const, interfaces: [], problem: undefined };
    return {
      schema: 1,
      envoyUuid: start.envoyUuid,
      hostname: envoy.hostname,
      instance,
      updatedMs: Date.now(),
      lastCheckinMs: documentsMs,
      gates: {
        enabled: envoy.swarm.enabled,
        seeder: envoy.swarm.seeder,
        subsystems: envoy.swarm.subsystems,
      },
      fleetSerial: fleet.serial,
      envoySerial: envoy.serial,
      ...(port === undefined
        ? {}
        : { listening: { address: start.listenAddress ?? "0.0.0.0", port } }),
      multicast: { state, interfaces: [...interfaces], ...(problem ? { problem } : {}) },
      manifest: {
        digest: this.#book.manifest.digest(),
        version: this.#book.manifest.sequence,
        active: states.filter((one) => one === "active").length,
        revoked: states.filter((one) => one === "revoked").length,
      },
      peerCount: this.#network.registry.size,
      blobs,
      problems,
    };
  }

  async #sendLinks(): Promise<void> {
    const files: Record<string, string> = {};
    const stamps = new Map<string, number>();
    const seeds = Object.fromEntries(this.#seeds.seeds);
    for (const { sha256, label, stamp } of this.#book.manifest.blobs()) {
      const isHeld = this.#store.get(sha256) !== undefined || seeds[sha256] !== undefined;
      if (!isHeld || !this.#book.manifest.isLive(sha256)) continue;
      if ((stamps.get(label) ?? -1) > stamp) continue;
      stamps.set(label, stamp);
      files[label] = sha256;
    }
    const links: SwarmLinks = { files, seeds };
    const text = JSON.stringify(links);
    if (text === this.#links) return;
    this.#links = text;
    await this.#options.link(links);
  }

  async #serve(sha256: string): Promise<ServedBlob | "unknown" | "revoked"> {
    const { manifest } = this.#book;
    if (manifest.isRevoked(sha256)) return "revoked";
    const entry = manifest.effective(sha256);
    if (!entry || !isPayloadOpen(this.#options.facts())) return "unknown";
    const partial = this.#receiver.download(sha256)?.partial;
    const path = this.#store.get(sha256)?.path ?? await this.#seeds.servablePath(sha256);
    if (path !== undefined) {
      const digests = await this.#store.digests(entry);
      if (!digests) return "unknown";
      const layout = layoutOf(entry);
      const given = this.#givenOf(sha256, layout.count);
      return { layout, chunks: Bitmap.full(layout.count), path, digests, given };
    }
    if (!partial) return "unknown";
    const { layout, chunks, dataPath, digests } = partial;
    return { layout, chunks, path: dataPath, digests, given: this.#givenOf(sha256, layout.count) };
  }

  #givenOf(sha256: string, count: number): Bitmap {
    const known = this.#given.get(sha256);
    if (known?.length === count) return known;
    const given = new Bitmap(count);
    this.#given.set(sha256, given);
    return given;
  }

  #announceFacts(): AnnounceFacts {
    const { manifest } = this.#book;
    const held = [...manifest.blobs()].flatMap((entry) => {
      const { sha256 } = entry;
      if (!manifest.isLive(sha256)) return [];
      const partial = this.#receiver.download(sha256)?.partial;
      if (this.#store.get(sha256) || this.#seeds.seeds.has(sha256)) {
        const total = layoutOf(entry).count;
        return [{ sha256, have: total, total, stamp: entry.stamp }];
      }
      if (!partial) return [];
      const { count, length } = partial.chunks;
      return [{ sha256, have: count, total: length, stamp: entry.stamp }];
    }).sort((one, other) => other.stamp - one.stamp)
      .map(({ sha256, have, total }) => ({ sha256, have, total }));
    const wanted = this.#receiver.downloads().filter(({ holders }) => holders.length === 0)
      .map(({ entry }) => entry.sha256);
    return { manifestDigest: manifest.digest(), held, wanted };
  }

  /** Blobs in flight change all the time; only a new or a complete one is worth an early announcement. */
  #announceHeld(): void {
    const held = this.#store.all().length + this.#seeds.seeds.size;
    const inFlight = this.#receiver.downloads().filter(({ partial }) => partial).length;
    const text = `${held} ${inFlight}`;
    if (text !== this.#announced) this.#announcer.noteChange(Date.now());
    this.#announced = text;
  }
  #announced = "";

  #evaluate(): void {
    this.#scope.run("evaluation of the manifest", () => this.#receiver.evaluate());
  }

  async #sweep(): Promise<void> {
    for (const sha256 of this.#book.prune()) this.#network.forgetHolders(sha256);
    await this.#receiver.evaluate();
    for await (const { name } of Deno.readDir(this.#paths.graveyard)) {
      const path = `${this.#paths.graveyard}/${name}`;
      const { mtime } = await Deno.lstat(path);
      if (Date.now() - (mtime?.getTime() ?? 0) > REVOKED_HORIZON_MS) await removeIfPresent(path);
    }
    this.noteChange();
  }

  async #readStorage(purpose: string): Promise<StorageAnswer | undefined> {
    if (purpose !== "payload" && purpose !== "filecast") return undefined;
    if (!this.#storage || Date.now() - this.#storage.readMs > STORAGE_CACHE_MS) {
      const { freeBytes, freePercent } = await readDiskSpace(this.#paths.blobs);
      const answer = { free_pct: freePercent, free_bytes: freeBytes };
      this.#storage = { answer, readMs: Date.now() };
    }
    return this.#storage.answer;
  }

  async #take(bucket: TokenBucket, sizeBytes: number, signal: AbortSignal): Promise<void> {
    const waitMs = bucket.take(sizeBytes, performance.now());
    if (waitMs > 0) await pause(waitMs, signal);
  }
}

/** The port of the peer server. */
export function portOf({ start, envoy }: Pick<EngineFacts, "start" | "envoy">): number {
  return start.portOverride ?? envoy.swarm.port;
}

function trustOf({ start, fleet }: EngineFacts): ManifestTrust {
  return new ManifestTrust(start.serverKey, fleet.swarm.seederKeys);
}

function isPayloadOpen({ envoy }: EngineFacts): boolean {
  return envoy.swarm.enabled && envoy.swarm.subsystems.payload === true;
}
