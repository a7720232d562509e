import { REVOKED_HORIZON_MS } from "../../../shared/swarm/manifest.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { contentLinks } from "../blobs/content_links.ts";
import { clearLeftovers } from "../blobs/leftovers.ts";
import { type CleanUp, removeStalePartials } from "../blobs/stale_partials.ts";
import { announcedEndpoint, announceInterfaces } from "../discovery/announce_interfaces.ts";
import { Discovery } from "../discovery/discovery.ts";
import type { SwarmLinks } from "../channel.ts";
import { followAnnouncement } from "../discovery/follow_announcement.ts";
import type { SwarmState } from "../mirror.ts";
import { PeerRoutes } from "../peers/peer_routes.ts";
import { PeerServer } from "../peers/peer_server.ts";
import { clearGraves } from "../seeds/graveyard.ts";
import { knock } from "../peers/knock.ts";
import { ReachDesk } from "../peers/reach_desk.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { AbsenceWatch } from "./absence_watch.ts";
import { Diagnostician } from "./diagnostician.ts";
import { reportBlobs } from "./blob_report.ts";
import type { RosterPage } from "../manifest/server_roster.ts";
import { bandwidthOf, isExpelled, portOf, trustOf } from "./engine_facts.ts";
import type { EngineSessionOptions } from "./engine_session_options.ts";
import { letGoOfBlobs } from "./let_go_of_blobs.ts";
import { assembleParts, type SessionParts } from "./session_parts.ts";
import { StateReporter } from "./state_reporter.ts";
import { runningState, type SessionFacts } from "./swarm_state.ts";

/** Pauses between two looks into `seed/`: usual, and while something there is still changing. */
const SEED_SCAN_MS = 2000;
const SEED_SETTLE_MS = 500;
/** How often things are done that only time brings about: retention, pruning, retries. */
const SWEEP_MS = 5000;

/**
 * Everything that runs while the gates are open. It owns no decision of its own: it starts the parts, tells each what the
 * others learned, and ends them.
 */
export class EngineSession {
  readonly #options: EngineSessionOptions;
  readonly #parts: SessionParts;
  readonly #reporter: StateReporter;
  readonly #absence: AbsenceWatch;
  #server: PeerServer | undefined;
  #discovery: Discovery | undefined;
  #diagnostician: Diagnostician | undefined;
  /** Signatures of cells that the server is just handing over: it need not hear of them. */
  readonly #fromServer = new Set<string>();
  #outline = "";
  /** Whether something may lie in `.blobs/` that belongs to nothing any more. */
  #isUntidy = true;

  private constructor(options: EngineSessionOptions, parts: SessionParts) {
    this.#options = options;
    this.#parts = parts;
    this.#absence = new AbsenceWatch({
      book: parts.book,
      log: options.log,
      post: options.post,
      onAwake: () => this.#evaluate(),
    });
    this.#reporter = new StateReporter({
      scope: parts.scope,
      path: parts.paths.state,
      state: () => this.#state(),
      links: () => this.#links(),
      post: options.post,
      link: options.link,
    });
  }

  /**
   * Opens the store and the manifest, listens, and begins to look for peers.
   *
   * @throws {UnfitRuntimeError} if the listener serves strangers: trying again would not help.
   * @throws {Error} if the folder cannot be used, or the port cannot be bound.
   */
  static async start(options: EngineSessionOptions): Promise<EngineSession> {
    // The parts tell the session what happens, and it exists once they do.
    const later: { session?: EngineSession } = {};
    const parts = await assembleParts(options, {
      onNews: (entries) => later.session?.handleNews(entries),
      onDropped: (entries) => later.session?.handleDropped(entries),
      onUnsaid: (entries) => later.session?.handleUnsaid(entries),
      onChange: () => later.session?.noteChange(),
    });
    const session = new EngineSession(options, parts);
    later.session = session;
    try {
      await session.#begin();
    } catch (error) {
      await session.stop();
      throw error;
    }
    return session;
  }

  /** Port and certificate stand for the life of a session; a change of either needs a new one. */
  get port(): number | undefined {
    return this.#server?.port;
  }

  /** What a report is made from; also after {@linkcode stop}, when it tells what remains on the disk. */
  describe(): SessionFacts {
    const { book, store, seeds, receiver, peers, claims } = this.#parts;
    const states = [...book.manifest.blobs()].map(({ state }) => state);
    const claimants = (sha256: string) =>
      [...claims.of(sha256)].flatMap((uuid) => peers.get(uuid)?.hostname ?? []);
    return {
      port: this.port,
      multicast: this.#discovery?.state ?? { state: "off", interfaces: [] },
      manifest: {
        digest: book.manifest.digest(),
        version: book.manifest.sequence,
        active: states.filter((one) => one === "active").length,
        revoked: states.filter((one) => one === "revoked").length,
      },
      quietReason: book.quietReason,
      peerCount: peers.size,
      blobs: reportBlobs({ book, store, seeds, receiver, claimants }),
      problems: [...seeds.problems],
    };
  }

  /** Ends everything and writes what is known; nothing is deleted. The state file is left to the engine. */
  async stop(): Promise<void> {
    const { receiver, scope, client, peers, book } = this.#parts;
    this.#reporter.stop();
    await receiver.stop();
    await scope.stop();
    await this.#server?.stop();
    this.#server = undefined;
    this.#discovery = undefined;
    this.#diagnostician = undefined;
    client.close();
    await peers.save();
    await book.close();
    this.#reporter.stop();
  }

  /** New documents: other trust, other gates, other limits. */
  applyDocuments(): void {
    const facts = this.#options.facts();
    const { bandwidth, book, hearing, peers } = this.#parts;
    bandwidth.setRates(bandwidthOf(facts));
    book.setTrust(trustOf(facts));
    hearing.noteFleet(facts.fleet.serial);
    peers.dropRevoked();
    this.#server?.closeRevoked();
    this.#evaluate();
    this.noteChange();
  }

  applyInterfaces(): void {
    const { start, interfaces } = this.#options.facts();
    this.#discovery?.setInterfaces(announceInterfaces(start, interfaces));
    const port = this.port ?? portOf(this.#options.facts());
    const own = [start.listenAddress ?? [], ...interfaces.map(({ address }) => address)].flat();
    this.#parts.peers.setOwn([
      ...own.map((address) => ({ address, port })),
      ...[announcedEndpoint(start) ?? []].flat(),
    ]);
  }

  applyTraits(): void {
    this.#evaluate();
  }

  applyHints(addresses: readonly string[]): void {
    this.#parts.peers.suggestText(addresses, "server");
  }

  /** The clock was corrected by the server's. */
  applyClock(): void {
    this.#parts.book.noteClock();
    this.#absence.follow();
  }

  async receiveFromServer(entries: readonly ManifestEntry[]): Promise<void> {
    const { book } = this.#parts;
    await this.#hearServer(entries, async () => void await book.receive(entries, true));
  }

  /** The server answered, with a page of its whole manifest if that was asked for. */
  async noteCheckIn(roster: RosterPage | undefined): Promise<void> {
    const { book } = this.#parts;
    if (roster) await this.#hearServer(roster.entries, () => book.takeRoster(roster));
    book.noteServerContact();
    this.#absence.follow();
    this.#parts.receiver.retry();
    this.#evaluate();
    this.noteChange();
  }

  /** Looks at the way to the peers, and to the one that is named. */
  diagnose(peer: string | undefined): Promise<Diagnosis> | undefined {
    return this.#diagnostician?.diagnose(peer);
  }

  /** Removes what no longer belongs to anything, and mends what somebody removed. */
  async clean(): Promise<CleanUp> {
    const { paths, store, seeds, receiver } = this.#parts;
    // Forgets blobs whose file is gone, to which links would lead nowhere.
    await receiver.evaluate();
    const here = [...store.all().map(({ sha256 }) => sha256), ...seeds.seeds.keys()];
    const complete = new Set(here.filter((sha256) => !receiver.isPending(sha256)));
    const partials = removeStalePartials(paths, complete);
    const links = await this.#options.link(this.#links());
    return {
      danglingLinks: links.removed,
      stalePartials: partials.stalePartials,
      errors: partials.errors + links.errors,
    };
  }

  /** The manifest has news. */
  handleNews(entries: readonly ManifestEntry[]): void {
    const { facts, post } = this.#options;
    const { announcer, book, claims, content, gossip, scope, seeds } = this.#parts;
    const { author } = facts().start;
    const untold = entries.filter(({ signature }) => !this.#fromServer.has(signature));
    if (untold.length > 0) {
      post({ kind: "entries", entries: untold, digest: book.manifest.digest() });
    }
    const urgent = entries.filter((entry) => entry.author === author || entry.state === "revoked");
    if (urgent.length > 0) gossip.push(urgent);
    for (const { sha256 } of entries) {
      if (!book.manifest.isRevoked(sha256)) continue;
      this.#isUntidy = true;
      claims.forget(sha256);
      content.forget(sha256);
      announcer.noteRevoked(sha256, Date.now());
      if (seeds.seeds.has(sha256)) {
        scope.run("burial of a seed", () => seeds.noteRevoked(sha256));
      }
    }
    announcer.noteChange(Date.now());
    this.#evaluate();
    this.noteChange();
  }

  /** Entries are not believed any more: what is here of their blobs goes. */
  handleDropped(entries: readonly ManifestEntry[]): void {
    const { log, post } = this.#options;
    letGoOfBlobs(entries, this.#parts, { log, onGone: () => this.noteChange() });
    post({ kind: "entries", entries: [], digest: this.#parts.book.manifest.digest() });
    this.noteChange();
  }

  /** Entries do not stand any more: own seeds among them are registered again with the next scan. */
  handleUnsaid(entries: readonly ManifestEntry[]): void {
    const { book, seeds } = this.#parts;
    for (const { sha256 } of entries) seeds.forgetStamp(sha256);
    this.#options.post({ kind: "entries", entries: [], digest: book.manifest.digest() });
    this.#evaluate();
    this.noteChange();
  }

  /** Something that reports and mirror files show has changed. */
  noteChange(): void {
    const { outline } = this.#parts.content;
    if (outline !== this.#outline) {
      this.#parts.announcer.noteChange(Date.now());
      this.#isUntidy = true;
    }
    this.#outline = outline;
    this.#reporter.noteChange();
  }

  async #begin(): Promise<void> {
    const { facts, log, post } = this.#options;
    const { book, client, gossip, peers, scope } = this.#parts;
    const { start } = facts();
    this.applyDocuments();
    const server = await this.#listen();
    this.#server = server;
    const { port } = server;
    this.#discovery = this.#discover(port);
    this.applyInterfaces();
    this.#discovery.start();
    this.#diagnostician = new Diagnostician({
      facts,
      port,
      discovery: this.#discovery,
      peers,
      client,
      quietReason: () => book.quietReason,
      signal: scope.signal,
    });
    await peers.remember();
    gossip.start(() => peers.dial());
    const own = book.manifest.all().filter(({ author }) => author === start.author);
    post({ kind: "entries", entries: own, digest: book.manifest.digest() });
    this.#absence.follow();
    this.#watch();
    const address = start.listenAddress ?? facts().interfaces[0]?.address ?? "0.0.0.0";
    post({ kind: "ready", port, address });
    log("info", "swarm manager started", { address, port });
    await this.#reporter.report();
  }

  #listen(): Promise<PeerServer> {
    const { facts, log } = this.#options;
    const { bandwidth, book, content, hearing, peers, scope, storage } = this.#parts;
    const { start } = facts();
    const { identity, ca } = start;
    const reachDesk = new ReachDesk({
      knock: (endpoint, uuid) => knock({ endpoint, uuid, identity, ca, signal: scope.signal }),
      heard: (address) => ({
        lastMs: this.#discovery?.heard.lastMs(address),
        sinceMs: this.#discovery?.details.sinceMs,
      }),
      now: Date.now,
    });
    return PeerServer.start({
      identity: start.identity,
      ca: start.ca,
      address: start.listenAddress,
      port: portOf(facts()),
      isRevoked: (peer) => isExpelled(facts(), peer),
      onCaller: (peer, endpoint) => peers.noteCaller(peer, endpoint),
      routes: new PeerRoutes({
        blob: (sha256) => content.serve(sha256),
        recheck: (sha256, chunk) => content.recheck(sha256, chunk),
        manifestPage: (since) =>
          book.quietReason === undefined ? book.page(since, facts().fleet.serial) : undefined,
        hears: ({ uuid }) => !hearing.isDeafTo(uuid),
        acceptPush: async (entries, from) => void await hearing.hear(from, entries),
        fleet: () => facts().fleetSigned,
        exchange: () => peers.exchangeText(),
        reach: (peer, caller) => reachDesk.answer(peer, caller),
        storage: (purpose) => storage.answer(purpose),
        hasRoom: () => storage.hasRoomForPush(),
        takeUpload: (sizeBytes) => bandwidth.takeUpload(sizeBytes, scope.signal),
        log,
      }),
    });
  }

  #discover(port: number): Discovery {
    const { facts, instance, log } = this.#options;
    const { announcer, book, claims, content, gossip, peers, receiver, scope } = this.#parts;
    const { start } = facts();
    return new Discovery({
      instance,
      announcer,
      scope,
      port,
      discoveryPort: start.discoveryPort,
      announced: announcedEndpoint(start),
      facts: () =>
        book.quietReason === undefined
          ? content.announceFacts()
          : { manifestDigest: book.manifest.digest(), held: [], wanted: [] },
      onAnnouncement: (announcement, address) => {
        followAnnouncement(announcement, address, {
          announcer,
          manifest: book.manifest,
          nowMs: Date.now(),
          peerAt: (endpoint) => peers.at(endpoint),
          suggest: (endpoint) => peers.suggest([endpoint], "multicast"),
          sync: (peer) => gossip.syncSoon(peer),
          claim: (sha256, { uuid }) => {
            claims.note(sha256, uuid);
            receiver.download(sha256)?.noteHolder(uuid);
          },
          isHeld: (sha256) => content.holds(sha256),
        });
      },
      log,
    });
  }

  #watch(): void {
    const { scope, seeds } = this.#parts;
    let unsettled = false;
    const seedPauseMs = () => unsettled ? SEED_SETTLE_MS : SEED_SCAN_MS;
    scope.repeat("scan of seed/", seedPauseMs, async (signal) => {
      ({ unsettled } = await seeds.scan(signal));
      this.noteChange();
    });
    scope.repeat("sweep", () => SWEEP_MS, () => this.#sweep());
  }

  async #sweep(): Promise<void> {
    const { book, claims, paths, receiver } = this.#parts;
    this.#absence.follow();
    for (const sha256 of book.prune()) claims.forget(sha256);
    await receiver.evaluate();
    await clearGraves(paths, Date.now(), REVOKED_HORIZON_MS);
    await this.#tidy();
    this.noteChange();
  }

  async #tidy(): Promise<void> {
    if (!this.#isUntidy) return;
    this.#isUntidy = false;
    const { book: { manifest }, content, paths, receiver } = this.#parts;
    await clearLeftovers(paths, {
      isUsed: (sha256) => content.isComplete(sha256) || receiver.isPending(sha256),
      isLive: (sha256) => manifest.isLive(sha256),
      isRevoked: (sha256) => manifest.isRevoked(sha256),
    }, Date.now());
  }

  /** Runs what takes in the server's cells: it need not hear of them again. */
  async #hearServer(
    entries: readonly ManifestEntry[],
    take: () => Promise<void>,
  ): Promise<void> {
    for (const { signature } of entries) this.#fromServer.add(signature);
    try {
      await take();
    } finally {
      this.#fromServer.clear();
    }
  }

  #links(): SwarmLinks {
    const { content, seeds } = this.#parts;
    return contentLinks(content.complete(), seeds.seeds);
  }

  #evaluate(): void {
    const { scope, receiver } = this.#parts;
    scope.run("evaluation of the manifest", () => receiver.evaluate());
  }

  #state(): SwarmState {
    const { facts, instance } = this.#options;
    return runningState({ ...facts(), instance, nowMs: Date.now() }, this.describe());
  }
}
