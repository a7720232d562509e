import type { QueueHeads } from "../../shared/proto/agent.ts";
import { parseAppointment } from "../../shared/poolq/appointment.ts";
import { isSha256 } from "../../shared/crypto/sha256.ts";
import { DEFAULT_MAX_BODY_BYTES } from "../../shared/poolq/limits.ts";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import type { Clock } from "../runtime/clock.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import type { EngineKeeper } from "../engine_host/engine_keeper.ts";
import type { HeldDocuments } from "../documents/held_documents.ts";
import type { SignedCaller } from "../server_link/signed_caller.ts";
import type { AgentPaths } from "../store/agent_paths.ts";
import { storageFault } from "../store/storage_fault.ts";
import { readPeers } from "../swarm/mirror.ts";
import type { RelayedQuestion, RelayedReply } from "../swarm/relay.ts";
import type { UserScans } from "../user_scan/user_scans.ts";
import { GrantedUsers } from "../user_scan/granted_users.ts";
import { HomeScanner } from "./home_scanner.ts";
import { askPeers, readPeerQuestion, relayReply } from "./peer_queues.ts";
import { QueuePruner } from "./queue_pruner.ts";
import { QueueReader, type RangeAnswer } from "./queue_reader.ts";
import type { ClaimedHead, QueueStore } from "./queue_store.ts";
import { QueueUploader } from "./queue_uploader.ts";
import { ServerQueues } from "./server_queues.ts";

/** Where the fleet's settings are not known yet. */
const DEFAULT_RETENTION_SECS = 30 * 86_400;
/** How often peers are asked by somebody who follows a topic while the server does not tell of news. */
const FOLLOW_EVERY_MS = 1_000;
/** Callers that wait for a message at a time. */
const MAX_FOLLOWERS = 24;
/** A hint that comes while so many users wait for their turn is passed over: they are looked at anyway, later. */
const MAX_HINTED_USERS = 100;
/** Messages past their age are looked for this often. */
const PRUNE_EVERY_MS = 10 * 60_000;

/** What the queues need of the rest of the daemon. */
export interface QueueKeeperParts {
  readonly roots: RootPaths;
  readonly paths: AgentPaths;
  readonly store: QueueStore;
  readonly held: Pick<HeldDocuments, "envoy" | "fleet">;
  readonly caller: Pick<SignedCaller, "call" | "serverTimeMs">;
  /** Where the server's REST is, and its CA. */
  readonly rest: string;
  readonly ca: string;
  readonly clock: Clock;
  readonly log: AgentLog;
  readonly engine: Pick<EngineKeeper, "askPeer">;
  readonly scans: UserScans;
  identity(): TlsIdentity;
  hostname(): string;
  isStreamOpen(): boolean;
  /** `undefined` if the server does not say so. */
  isEnrolled(hostname: string): Promise<boolean | undefined>;
}

/** What `vigo swarm poolq status` and `post` want to know first. */
export interface QueueLimits {
  readonly hostname: string;
  /** This machine's clock, corrected by the server's, in ms since 1970. */
  readonly nowMs: number;
  readonly isGateOpen: boolean;
  readonly maxMsgBytes: number;
  readonly retentionSecs: number;
}

/** Everything between a message in a home of this machine and whoever reads it, here or elsewhere. */
export class QueueKeeper {
  readonly #parts: QueueKeeperParts;
  readonly #scope = new AbortController();
  readonly #users: GrantedUsers;
  readonly #scanner: HomeScanner;
  readonly #uploader: QueueUploader;
  readonly #pruner: QueuePruner;
  readonly reader: QueueReader;
  /** Who waits for news of a topic. */
  readonly #followers = new Map<string, Set<() => void>>();
  #followerCount = 0;
  readonly #hinted = new Set<string>();
  /** Hints with messages that are being dealt with. */
  #taking = 0;
  readonly #tasks = new Set<Promise<void>>();
  #prunedAtMs: number;
  #wasAnswered = false;

  constructor(parts: QueueKeeperParts) {
    this.#parts = parts;
    const { roots, paths, store, caller, clock, log, held, engine, scans } = parts;
    const { signal } = this.#scope;
    const nowMs = () => clock.nowMs();
    const isOpen = () => this.isOpen;
    this.#prunedAtMs = clock.nowMs();
    this.#users = new GrantedUsers(roots);
    this.#uploader = new QueueUploader({
      store,
      caller,
      clock,
      log,
      isOpen,
      granted: () => this.#users.names(),
      signal,
    });
    this.#scanner = new HomeScanner({
      users: this.#users,
      scans,
      store,
      headsFolder: `${paths.stateFolder}/poolq-heads`,
      log,
      nowMs,
      isOpen,
      onNews: () => {
        this.#wake();
        this.#upload();
      },
      signal,
    });
    this.#pruner = new QueuePruner({
      store,
      users: this.#users,
      scans,
      log,
      nowMs,
      retentionMs: () => this.limits().retentionSecs * 1_000,
      storedSeq: (topicId) => this.#uploader.storedSeq(topicId),
      signal,
    });
    this.reader = new QueueReader({
      store,
      server: new ServerQueues({ rest: parts.rest, ca: parts.ca, identity: parts.identity }),
      hostname: parts.hostname,
      log,
      nowMs,
      fleet: () => held.fleet()?.value,
      isLive: () => parts.isStreamOpen(),
      askPeers: (question, prefer) => askPeers(engine, paths.swarmFolder, question, prefer),
    });
  }

  /** Whether the gates let this envoy carry queues. */
  get isOpen(): boolean {
    const swarm = this.#parts.held.envoy()?.value.swarm;
    return swarm?.enabled === true && swarm.subsystems.poolq === true;
  }

  limits(): QueueLimits {
    const { caller, held, hostname } = this.#parts;
    const poolq = held.fleet()?.value.poolq;
    return {
      hostname: hostname(),
      nowMs: caller.serverTimeMs(),
      isGateOpen: this.isOpen,
      maxMsgBytes: poolq?.maxMsgBytes ?? DEFAULT_MAX_BODY_BYTES,
      retentionSecs: poolq?.retentionSecs ?? DEFAULT_RETENTION_SECS,
    };
  }

  /** Whether there is an envoy of this name; `undefined` if nobody can say so. */
  async isEnrolled(host: string): Promise<boolean | undefined> {
    const { hostname, isStreamOpen, isEnrolled, paths } = this.#parts;
    if (host === hostname()) return true;
    const told = isStreamOpen() ? await isEnrolled(host) : undefined;
    if (told !== undefined) return told;
    const file = await readPeers(paths.swarmFolder);
    const isPeer = file.ok && file.value.peers.some((peer) => peer.hostname === host);
    return isPeer ? true : undefined;
  }

  /** A cycle is over, whether the server answered or not: everything is looked at. */
  noteCycle(isAnswered: boolean): void {
    // A server that was away may be one that was restored.
    if (isAnswered && !this.#wasAnswered) this.#uploader.forget();
    else this.#uploader.retryRefused();
    this.#wasAnswered = isAnswered;
    this.#run("look at the queues", async () => {
      await this.#scanner.scanAll();
      if (isAnswered) this.#upload();
      const { clock } = this.#parts;
      if (clock.nowMs() - this.#prunedAtMs < PRUNE_EVERY_MS) return;
      this.#prunedAtMs = clock.nowMs();
      await this.#pruner.prune();
    });
  }

  /** The server is there again, and may be another one than before. */
  noteStream(): void {
    this.#uploader.forget();
    this.#upload();
    this.#wake();
  }

  /** The server tells of topics with something new. */
  noteHeads({ heads }: QueueHeads): void {
    const claims = heads.flatMap((head): ClaimedHead[] => {
      const topicId = head.topicId.toString("hex"), headId = head.headId.toString("hex");
      const founder = head.founder.toString("hex");
      if (!isSha256(topicId) || !isSha256(headId) || !isSha256(founder)) return [];
      const { firstSeq, headSeq, count } = head;
      const name = head.name.slice(0, 64), writer = head.writer.slice(0, 253);
      const appointment = parseAppointment(head.appointment) ?? null;
      return [{ topicId, name, founder, firstSeq, headSeq, headId, count, writer, appointment }];
    });
    this.#parts.store.claim(claims);
    for (const { topicId } of claims) this.#wake(topicId);
  }

  /**
   * Somebody says that a user has posted, and perhaps what. Messages prove themselves, so they are taken if they go on from
   * what is held; otherwise all that follows is a look that comes anyway.
   */
  notePosted(user: string, messages: readonly object[]): void {
    if (messages.length === 0 || this.#taking >= MAX_HINTED_USERS) return this.#lookSoon(user);
    this.#taking += 1;
    this.#run("take what a user posted", async () => {
      try {
        if (!await this.#scanner.takePosted(user, messages)) this.#lookSoon(user);
      } finally {
        this.#taking -= 1;
      }
    });
  }

  #lookSoon(user: string): void {
    if (this.#hinted.has(user) || this.#hinted.size >= MAX_HINTED_USERS) return;
    this.#hinted.add(user);
    this.#run("look at a user's queues", async () => {
      try {
        // From here on another hint means another look.
        this.#hinted.delete(user);
        await this.#scanner.scan(user);
      } finally {
        this.#hinted.delete(user);
      }
    });
  }

  /** Answers a peer that reads a topic. */
  answerPeer(asked: RelayedQuestion): Promise<RelayedReply> {
    const question = readPeerQuestion(asked);
    if (!question || !this.isOpen) return Promise.resolve({ status: 404, body: new Uint8Array() });
    return Promise.resolve(relayReply(this.reader.answerPeer(question)));
  }

  /**
   * Messages from `from` on; waits for the first one if there is none yet.
   *
   * @returns `busy` if too many wait already.
   */
  async follow(
    topicId: string,
    { from, limit, waitMs, signal }: {
      readonly from: number;
      readonly limit: number;
      readonly waitMs: number;
      readonly signal: AbortSignal;
    },
  ): Promise<RangeAnswer | "busy"> {
    if (waitMs > 0 && this.#followerCount >= MAX_FOLLOWERS) return "busy";
    const { clock, isStreamOpen } = this.#parts;
    const untilMs = clock.nowMs() + waitMs;
    this.#followerCount += 1;
    try {
      for (;;) {
        // Before it is looked, so that nothing is missed in between.
        using news = this.#nextNews(topicId);
        const answer = await this.reader.range(topicId, from, limit);
        const isOver = answer.ok ? answer.range.messages.length > 0 : answer.status === 403;
        const leftMs = untilMs - clock.nowMs();
        if (isOver || leftMs <= 0 || signal.aborted) return answer;
        const pauseMs = isStreamOpen() ? leftMs : Math.min(leftMs, FOLLOW_EVERY_MS);
        await clock.sleep(pauseMs, AbortSignal.any([signal, news.signal, this.#scope.signal]));
        if (this.#scope.signal.aborted) return answer;
      }
    } finally {
      this.#followerCount -= 1;
    }
  }

  /** Ends what runs; what is not uploaded is found again. */
  async stop(): Promise<void> {
    this.#scope.abort();
    await Promise.all(this.#tasks);
  }

  #upload(): void {
    this.#run("upload queues", () => this.#uploader.run());
  }

  #nextNews(topicId: string): Disposable & { readonly signal: AbortSignal } {
    const news = new AbortController();
    const wake = () => news.abort();
    const waiting = this.#followers.get(topicId) ?? new Set();
    this.#followers.set(topicId, waiting.add(wake));
    return {
      signal: news.signal,
      [Symbol.dispose]: () => {
        waiting.delete(wake);
        if (waiting.size === 0 && this.#followers.get(topicId) === waiting) {
          this.#followers.delete(topicId);
        }
      },
    };
  }

  /** Wakes who waits for a topic, or everybody. */
  #wake(topicId?: string): void {
    const waiting = topicId === undefined
      ? [...this.#followers.values()]
      : [this.#followers.get(topicId) ?? new Set<() => void>()];
    for (const wake of waiting.flatMap((set) => [...set])) wake();
  }

  #run(what: string, work: () => Promise<void>): void {
    const { log } = this.#parts;
    const task = work().catch((error: unknown) => {
      if (this.#scope.signal.aborted) return;
      const reason = storageFault(error) ??
        (error instanceof Error ? error.message : String(error));
      log.error(`cannot ${what}`, { reason });
    }).finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }
}
