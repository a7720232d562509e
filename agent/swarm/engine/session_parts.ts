import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { TargetDecision } from "../../../shared/swarm/target_decision.ts";
import { BlobStore } from "../blobs/blob_store.ts";
import { callingAddress } from "../discovery/announce_interfaces.ts";
import { Announcer } from "../discovery/announcer.ts";
import { HolderClaims } from "../discovery/holder_claims.ts";
import { Gossip } from "../manifest/gossip.ts";
import { Hearing } from "../manifest/hearing.ts";
import { ManifestBook } from "../manifest/manifest_book.ts";
import { PeerClient } from "../peers/peer_client.ts";
import { PeerDirectory } from "../peers/peer_directory.ts";
import { SeedKeeper } from "../seeds/seed_keeper.ts";
import { SwarmPaths } from "../swarm_paths.ts";
import { Bandwidth } from "../transfer/bandwidth.ts";
import { HeldContent } from "../transfer/held_content.ts";
import { PEERS_ALONE_MS } from "../transfer/last_resort.ts";
import { Receiver } from "../transfer/receiver.ts";
import {
  isExpelled,
  isPayloadOpen,
  portOf,
  seedRefusal,
  subjectOf,
  trustOf,
} from "./engine_facts.ts";
import type { EngineSessionOptions } from "./engine_session_options.ts";
import { StorageAnswers } from "./storage_answer.ts";
import { TaskScope } from "../runtime/task_scope.ts";

/** The parts of a session that exist from its start to its end. */
export interface SessionParts {
  readonly scope: TaskScope;
  readonly paths: SwarmPaths;
  readonly store: BlobStore;
  readonly book: ManifestBook;
  readonly client: PeerClient;
  readonly announcer: Announcer;
  readonly claims: HolderClaims;
  readonly hearing: Hearing;
  readonly gossip: Gossip;
  readonly peers: PeerDirectory;
  readonly seeds: SeedKeeper;
  readonly receiver: Receiver;
  readonly content: HeldContent;
  readonly bandwidth: Bandwidth;
  readonly storage: StorageAnswers;
}

/** What the parts report to whoever holds them together. */
export interface PartsListener {
  readonly onNews: (entries: readonly ManifestEntry[]) => void;
  /** Entries that are not believed any more. */
  readonly onDropped: (entries: readonly ManifestEntry[]) => void;
  /** Entries that may be said again. */
  readonly onUnsaid: (entries: readonly ManifestEntry[]) => void;
  readonly onChange: () => void;
}

/**
 * Opens what lies on the disk and connects the parts. Nothing listens, dials or runs yet.
 *
 * @throws {Error} if the folder cannot be used.
 */
export async function assembleParts(
  { facts, instance, hasher, post, sign, fetchContent, log }: EngineSessionOptions,
  { onNews, onDropped, onUnsaid, onChange }: PartsListener,
): Promise<SessionParts> {
  const { start } = facts();
  const { hostname } = facts().envoy;
  const paths = new SwarmPaths(start.folder);
  const scope = new TaskScope(log);
  const now = () => Date.now() + facts().clockOffsetMs;
  const targets = new TargetDecision();
  const bandwidth = new Bandwidth();
  const claims = new HolderClaims(Math.random);
  const store = await BlobStore.open(paths);
  const book = await ManifestBook.open({
    paths,
    trust: trustOf(facts()),
    author: start.author,
    instance,
    now,
    log,
    onChange: onNews,
    onDropped,
    onUnsaid,
  });
  const isOpen = () => isPayloadOpen(facts()) && book.quietReason === undefined;
  const client = new PeerClient({
    identity: start.identity,
    ca: start.ca,
    localAddress: () => callingAddress(start, facts().interfaces),
    isRevoked: (peer) => isExpelled(facts(), peer),
    ownPort: () => portOf(facts()),
    onPeer: (peer, endpoint) => peers.prove(peer, endpoint),
    onExchange: (endpoints) => peers.suggest(endpoints, "exchange"),
  });
  const hearing = new Hearing({ book, now: () => performance.now(), log });
  const gossip: Gossip = new Gossip({
    client,
    book,
    hearing,
    scope,
    ownUuid: start.envoyUuid,
    peers: () => peers.all(),
    onPeerFailure: (uuid) => peers.noteFailure(uuid),
    fleetSerial: () => facts().fleet.serial,
    onFleet: (signed) => post({ kind: "fleet", signed }),
  });
  const peers: PeerDirectory = new PeerDirectory({
    paths,
    scope,
    ownUuid: start.envoyUuid,
    isRevoked: (uuid) => facts().fleet.revokedEnvoys.includes(uuid),
    greet: async (endpoint, signal) => void await gossip.pull(endpoint, "", signal),
    log,
  });
  const seeds = await SeedKeeper.open({
    paths,
    store,
    book,
    hasher,
    targets,
    author: start.author,
    serverKey: start.serverKey,
    hostname,
    now,
    refusal: () => seedRefusal(facts()),
    sign,
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
    hostname,
    minFreePercent: start.minFreePercent,
    now,
    subject: () => subjectOf(facts()),
    isOpen,
    isSeed: (sha256) => seeds.has(sha256),
    candidates: (sha256) => claims.candidates(sha256, peers.all()),
    server: {
      peersAloneMs: PEERS_ALONE_MS,
      isAllowed: () => facts().envoy.swarm.serverFallback,
      fetch: fetchContent,
    },
    onPeerFailure: (uuid) => peers.noteFailure(uuid),
    takeBandwidth: (sizeBytes, signal) => bandwidth.takeDownload(sizeBytes, signal),
    onChange,
    log,
  });
  return {
    scope,
    paths,
    store,
    book,
    client,
    announcer: new Announcer(Math.random, Date.now()),
    claims,
    hearing,
    gossip,
    peers,
    seeds,
    receiver,
    content: new HeldContent({ book, store, seeds, receiver, isOpen, log }),
    bandwidth,
    storage: new StorageAnswers(paths.blobs),
  };
}
