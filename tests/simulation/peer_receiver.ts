import type { Bitmap } from "../../shared/swarm/bitmap.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import { TargetDecision } from "../../shared/swarm/target_decision.ts";
import { HolderClaims } from "../../agent/swarm/discovery/holder_claims.ts";
import type { ProvenPeer } from "../../agent/swarm/peers/peer_registry.ts";
import { BenchList } from "../../agent/swarm/peers/bench_list.ts";
import { decideBlobs } from "../../agent/swarm/transfer/blob_decisions.ts";
import type { KnownHolder, PlannedRequest } from "../../agent/swarm/transfer/download_plan.ts";
import { DownloadQueue } from "../../agent/swarm/transfer/download_queue.ts";
import type { Question } from "../../agent/swarm/transfer/holder_poll.ts";
import { SkipList } from "../../agent/swarm/transfer/skip_list.ts";
import type { CallFailure } from "./fake_network.ts";
import { isFailure, type PeerContacts } from "./peer_contacts.ts";
import type { Process } from "./process.ts";
import { type DownloadHost, SimulatedDownload } from "./simulated_download.ts";
import type { Scheduled } from "./virtual_time.ts";
import type { BlobReply, ChunkContent, ChunkReply, Machine } from "./world.ts";

/** Pauses of the real engine, in ms. */
const SWEEP_MS = 5_000;
const RETRY_MS = 5_000;
const DISK_RETRY_MS = 60_000;
const NO_HOLDER_MS = 30_000;
const LOOK_MS = 100;
const ASK_AGAIN_MS = 2_000;

export interface ReceiverParts {
  readonly contacts: PeerContacts;
  /** What this peer tells others that it holds. */
  readonly chunksOf: (sha256: string) => Bitmap | undefined;
  /** A blob was begun or ended. */
  readonly onChange: () => void;
}

/** Sees to it that a peer fetches what is meant for it, and lets go of what is not: what `Receiver` is to the real engine. */
export class PeerReceiver implements DownloadHost {
  readonly process: Process;
  readonly #parts: ReceiverParts;
  readonly #claims: HolderClaims;
  readonly #benches = new BenchList();
  readonly #skipped = new SkipList();
  readonly #targets = new TargetDecision();
  readonly #queue: DownloadQueue;
  readonly #downloads = new Map<string, SimulatedDownload | undefined>();
  #filling: Scheduled | undefined;

  constructor(process: Process, parts: ReceiverParts) {
    this.process = process;
    this.#parts = parts;
    this.#claims = new HolderClaims(process.random);
    this.#queue = new DownloadQueue(process.machine.identity.hostname);
  }

  /** Blobs that wait for a holder, or are being fetched. */
  get downloads(): ReadonlyMap<string, SimulatedDownload | undefined> {
    return this.#downloads;
  }

  start(): void {
    this.process.repeat(SWEEP_MS, () => this.evaluate());
  }

  /** Ends all downloads; what was fetched stays. */
  stop(): void {
    for (const download of this.#downloads.values()) download?.stop();
  }

  /** A peer says that it holds something of a blob. */
  noteClaim(sha256: string, uuid: string): void {
    this.#claims.note(sha256, uuid);
    this.#downloads.get(sha256)?.noteHolder(uuid);
  }

  /** A blob was revoked. */
  forget(sha256: string): void {
    this.#claims.forget(sha256);
  }

  /** Brings what is held and fetched in line with the manifest. */
  evaluate(): void {
    const { machine: { disk, identity: { hostname, uuid } }, manifest, nowMs } = this.process;
    const subject = { hostname, uuid, traits: {}, tags: {} };
    const { evict, stop, wanted } = decideBlobs({
      manifest,
      held: [...disk.blobs()].flatMap(([sha256, { completedMs }]) =>
        completedMs === undefined ? [] : [{ sha256, completedMs }]
      ),
      fetching: [...this.#downloads.keys()],
      isOpen: true,
      knowsServer: false,
      isWanted: ({ sha256, target }) =>
        !this.#skipped.isWaiting(sha256, nowMs()) && this.#targets.isTarget(target, subject),
      nowMs: nowMs(),
    });
    for (const { entry } of evict) disk.remove(entry.sha256);
    for (const { sha256, isRevoked } of stop) {
      this.#downloads.get(sha256)?.stop();
      this.#downloads.delete(sha256);
      if (isRevoked) disk.remove(sha256);
    }
    this.#queue.setWanted(wanted, nowMs());
    this.#fill();
  }

  candidates(sha256: string): readonly ProvenPeer[] {
    return this.#claims.candidates(sha256, this.#parts.contacts.all());
  }

  isBenched(uuid: string): boolean {
    return this.#benches.has(uuid, this.process.nowMs());
  }

  bench(uuid: string): void {
    this.#benches.bench(uuid, this.process.nowMs());
  }

  noteStored(entry: ManifestEntry, chunk: number, content: ChunkContent): void {
    const { world, machine } = this.process;
    world.watch.stored(machine, entry, chunk, content);
  }

  ended(sha256: string, result: "complete" | "no_progress" | "skipped"): void {
    const { world, machine, nowMs } = this.process;
    this.#downloads.delete(sha256);
    const pauseMs = { complete: 0, no_progress: RETRY_MS, skipped: DISK_RETRY_MS }[result];
    if (result === "complete") world.watch.completed(machine, sha256);
    else this.#skipped.add(sha256, result, nowMs(), pauseMs);
    this.#parts.onChange();
    this.evaluate();
  }

  askBlob(
    { uuid, endpoint }: Question,
    sha256: string,
    done: (reply: BlobReply | CallFailure) => void,
  ): void {
    const { contacts } = this.#parts;
    contacts.call(endpoint, (life) => life.blob(sha256), (reply) => {
      if (isFailure(reply)) contacts.noteFailure(uuid);
      done(reply);
    });
  }

  askChunk(
    { endpoint, chunk }: PlannedRequest,
    { sha256, chunkSizeBytes }: ManifestEntry,
    done: (reply: ChunkReply | CallFailure, hostname: string) => void,
  ): () => void {
    const { machine, world } = this.process;
    let server: Machine | undefined;
    return this.#parts.contacts.call<ChunkReply>(
      endpoint,
      (life, called) => {
        server = called;
        const asked = { sha256, chunk, chunkSizeBytes };
        return life.chunk(asked, machine, this.#parts.chunksOf(sha256));
      },
      (reply) => {
        if (!isFailure(reply) && reply.kind === "bytes" && server) {
          world.watch.delivered(server, chunkSizeBytes);
        }
        done(reply, server?.identity.hostname ?? "?");
      },
    );
  }

  #fill(): void {
    const { manifest, nowMs } = this.process;
    const underWay = [...this.#downloads.keys()].flatMap((sha256) =>
      manifest.effective(sha256) ?? []
    );
    for (const entry of this.#queue.take(nowMs(), underWay)) this.#begin(entry);
    const dueMs = this.#queue.dueMs(nowMs());
    if (this.#filling) this.#filling.isCancelled = true;
    if (dueMs < Infinity) {
      this.#filling = this.process.after(Math.max(1, dueMs - nowMs()), () => this.#fill());
    }
  }

  #begin(entry: ManifestEntry): void {
    const { machine: { disk }, nowMs } = this.process;
    const { sha256 } = entry;
    this.#downloads.set(sha256, undefined);
    const isResumed = (disk.get(sha256)?.written.count ?? 0) > 0;
    if (isResumed) this.#download(entry);
    else this.#findHolder(entry, nowMs() + NO_HOLDER_MS, new Map());
  }

  /** The digests come from the first peer that has them; without any the attempt is given up. */
  #findHolder(entry: ManifestEntry, deadlineMs: number, askAtMs: Map<string, number>): void {
    const { nowMs } = this.process;
    const { sha256 } = entry;
    const isWaiting = () => this.#downloads.has(sha256) && !this.#downloads.get(sha256);
    if (!isWaiting()) return;
    if (nowMs() >= deadlineMs) return this.ended(sha256, "no_progress");
    const next = this.candidates(sha256).find(({ uuid }) => (askAtMs.get(uuid) ?? 0) <= nowMs());
    if (!next) {
      this.process.after(LOOK_MS, () => this.#findHolder(entry, deadlineMs, askAtMs));
      return;
    }
    this.askBlob({ uuid: next.uuid, endpoint: next }, sha256, (reply) => {
      if (!isWaiting()) return;
      if (typeof reply !== "string") {
        return this.#download(entry, { peer: next, chunks: reply.chunks });
      }
      askAtMs.set(next.uuid, nowMs() + ASK_AGAIN_MS);
      this.#findHolder(entry, deadlineMs, askAtMs);
    });
  }

  #download(entry: ManifestEntry, holder?: KnownHolder): void {
    this.#downloads.set(entry.sha256, new SimulatedDownload(this, entry, holder));
    this.#parts.onChange();
  }
}
