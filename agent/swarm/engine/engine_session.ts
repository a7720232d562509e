import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import type { CleanUp } from "../blobs/stale_partials.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { announcedEndpoint, announceInterfaces } from "../discovery/announce_interfaces.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { RosterPage } from "../manifest/server_roster.ts";
import type { SwarmState } from "../mirror.ts";
import type { PeerServer } from "../peers/peer_server.ts";
import type { PeerQuestion, PeerReply } from "../relay.ts";
import { AbsenceWatch } from "./absence_watch.ts";
import { askPeer } from "./ask_peer.ts";
import { announceAndFollow } from "./announce_and_follow.ts";
import { reportBlobs } from "./blob_report.ts";
import { Diagnostician } from "./diagnostician.ts";
import { bandwidthOf, portOf, trustOf } from "./engine_facts.ts";
import type { EngineSessionOptions } from "./engine_session_options.ts";
import { ManifestFollower } from "./manifest_follower.ts";
import { servePeers } from "./serve_peers.ts";
import { assembleParts, type SessionParts } from "./session_parts.ts";
import { StateReporter } from "./state_reporter.ts";
import { runningState, type SessionFacts } from "./swarm_state.ts";
import { Upkeep } from "./upkeep.ts";

/**
 * Everything that runs while the gates are open. It owns no decision of its own: it starts the parts, tells each what the
 * others learned, and ends them.
 */
export class EngineSession {
  readonly #options: EngineSessionOptions;
  readonly #parts: SessionParts;
  readonly #reporter: StateReporter;
  readonly #absence: AbsenceWatch;
  readonly #upkeep: Upkeep;
  readonly #follower: ManifestFollower;
  #server: PeerServer | undefined;
  #discovery: Discovery | undefined;
  #diagnostician: Diagnostician | undefined;
  #outline = "";

  private constructor(options: EngineSessionOptions, parts: SessionParts) {
    this.#options = options;
    this.#parts = parts;
    this.#absence = new AbsenceWatch({
      book: parts.book,
      log: options.log,
      post: options.post,
      onAwake: () => this.#evaluate(),
    });
    this.#upkeep = new Upkeep({
      parts,
      link: options.link,
      onSweep: () => this.#absence.follow(),
      onChange: () => this.noteChange(),
    });
    this.#follower = new ManifestFollower({
      parts,
      author: options.facts().start.author,
      post: options.post,
      log: options.log,
      onWish: () => this.#evaluate(),
      onUntidy: () => this.#upkeep.noteUntidy(),
      onChange: () => this.noteChange(),
    });
    this.#reporter = new StateReporter({
      scope: parts.scope,
      path: parts.paths.state,
      state: () => this.#state(),
      links: () => this.#upkeep.links(),
      chunkMap: (sha256) => parts.receiver.origins.tell(sha256),
      clockOffsetMs: () => options.facts().clockOffsetMs,
      post: options.post,
      link: options.link,
      now: () => performance.now(),
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
    const later: { session?: EngineSession; follower?: ManifestFollower } = {};
    const parts = await assembleParts(options, {
      onNews: (entries) => later.follower?.noteNews(entries),
      onDropped: (entries) => later.follower?.noteDropped(entries),
      onUnsaid: (entries) => later.follower?.noteUnsaid(entries),
      onChange: () => later.session?.noteChange(),
    });
    const session = new EngineSession(options, parts);
    later.session = session;
    later.follower = session.#follower;
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
    const { author } = this.#options.facts().start;
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
      blobs: reportBlobs({ book, store, seeds, receiver, author, claimants }),
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
    await this.#follower.hearServer(entries, async () => void await book.receive(entries, true));
  }

  /** The server answered, with a page of its whole manifest if that was asked for. */
  async noteCheckIn(roster: RosterPage | undefined): Promise<void> {
    const { book } = this.#parts;
    if (roster) await this.#follower.hearServer(roster.entries, () => book.takeRoster(roster));
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

  /** Asks the peer of that name for the daemon. */
  askPeer(question: PeerQuestion): Promise<PeerReply> {
    return askPeer(question, this.#parts, this.#options.facts().start.identity);
  }

  /** Removes what no longer belongs to anything, and mends what somebody removed. */
  clean(): Promise<CleanUp> {
    return this.#upkeep.clean();
  }

  /** Something that reports and mirror files show has changed. */
  noteChange(): void {
    const { outline } = this.#parts.content;
    if (outline !== this.#outline) {
      this.#parts.announcer.noteChange(Date.now());
      this.#upkeep.noteUntidy();
    }
    this.#outline = outline;
    this.#reporter.noteChange();
  }

  async #begin(): Promise<void> {
    const { facts, log, post } = this.#options;
    const { book, client, gossip, peers, scope } = this.#parts;
    const { start } = facts();
    this.applyDocuments();
    const server = await servePeers(this.#options, this.#parts, () => this.#discovery);
    this.#server = server;
    const { port } = server;
    this.#discovery = announceAndFollow(this.#options, this.#parts, port);
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
    this.#follower.tellOwn();
    this.#absence.follow();
    this.#upkeep.start();
    const address = start.listenAddress ?? facts().interfaces[0]?.address ?? "0.0.0.0";
    post({ kind: "ready", port, address });
    log("info", "swarm manager started", { address, port });
    await this.#reporter.report();
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
