import type { Bitmap } from "../../shared/swarm/bitmap.ts";
import type { RequestOutcome } from "../../shared/swarm/chunk_request.ts";
import { layoutOf } from "../../shared/swarm/chunk_layout.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import type { ProvenPeer } from "../../agent/swarm/peers/peer_registry.ts";
import {
  DownloadPlan,
  type KnownHolder,
  type PlannedRequest,
} from "../../agent/swarm/transfer/download_plan.ts";
import type { Question } from "../../agent/swarm/transfer/holder_poll.ts";
import { DiskFullError, type StoredBlob } from "./fake_disk.ts";
import type { CallFailure } from "./fake_network.ts";
import type { Process } from "./process.ts";
import type { Scheduled } from "./virtual_time.ts";
import { type BlobReply, type ChunkContent, type ChunkReply, isChunk } from "./world.ts";

/** What a download needs of the peer it belongs to. */
export interface DownloadHost {
  readonly process: Process;
  candidates(sha256: string): readonly ProvenPeer[];
  isBenched(uuid: string): boolean;
  bench(uuid: string): void;
  askBlob(question: Question, sha256: string, done: (reply: BlobReply | CallFailure) => void): void;
  askChunk(
    request: PlannedRequest,
    entry: ManifestEntry,
    done: (reply: ChunkReply | CallFailure, hostname: string) => void,
  ): () => void;
  noteStored(entry: ManifestEntry, chunk: number, content: ChunkContent): void;
  ended(sha256: string, result: "complete" | "no_progress" | "skipped"): void;
}

/** A request under way. */
interface Pending {
  readonly request: PlannedRequest;
  readonly startedMs: number;
  readonly deadlineMs: number;
  readonly cancel: () => void;
}

/** One attempt to fetch a blob: what `Download` is to the real engine, around the same plan. */
export class SimulatedDownload {
  readonly #host: DownloadHost;
  readonly #process: Process;
  readonly #plan: DownloadPlan;
  readonly #blob: StoredBlob;
  readonly #pending = new Map<number, Pending>();
  #isStepDue = false;
  #timer: Scheduled | undefined;
  #wakeMs = Infinity;
  #isOver = false;

  /** @param holder who gave the digests, if a peer did. */
  constructor(host: DownloadHost, readonly entry: ManifestEntry, holder?: KnownHolder) {
    const { machine: { disk }, random, nowMs } = host.process;
    const { count } = layoutOf(entry);
    this.#host = host;
    this.#process = host.process;
    this.#blob = disk.open(entry.sha256, count, entry.chunkSizeBytes);
    this.#plan = new DownloadPlan({
      have: this.#blob.written,
      chunkSizeBytes: entry.chunkSizeBytes,
      firstChunk: Math.floor(random() * Math.max(1, count)),
      nowMs: nowMs(),
      isBenched: (uuid) => host.isBenched(uuid),
      holder,
    });
    this.#stepSoon();
  }

  get holders(): readonly string[] {
    return this.#plan.holders;
  }

  /** A peer told what it holds when it asked for a chunk. */
  noteHeld(uuid: string, chunks: Bitmap): void {
    if (this.#isOver || !this.#plan.follows(uuid)) return;
    this.#plan.noteHeld(uuid, chunks, this.#process.nowMs());
    if (this.#plan.mayAsk) this.#stepSoon();
  }

  noteHolder(uuid: string): void {
    this.#plan.hasten(uuid, this.#process.nowMs());
    this.#stepSoon();
  }

  /** Ends the attempt; what was fetched stays. */
  stop(): void {
    this.#isOver = true;
    if (this.#timer) this.#timer.isCancelled = true;
    for (const { cancel } of this.#pending.values()) cancel();
    this.#pending.clear();
    this.#blob.sync();
  }

  /** Has a step made in this moment, once for all that happens in it. */
  #stepSoon(): void {
    if (this.#isOver || this.#isStepDue) return;
    this.#isStepDue = true;
    this.#process.after(0, () => {
      this.#isStepDue = false;
      this.#step();
    });
  }

  /** Has a step made at this time at the latest. A timer that is due earlier stays: news nearly always overtake it. */
  #wakeAt(atMs: number): void {
    this.#wakeMs = atMs;
    if (this.#timer && this.#timer.atMs <= atMs) return;
    if (this.#timer) this.#timer.isCancelled = true;
    this.#timer = this.#process.after(atMs - this.#process.nowMs(), () => {
      this.#timer = undefined;
      if (this.#isOver) return;
      if (this.#process.nowMs() < this.#wakeMs) this.#wakeAt(this.#wakeMs);
      else this.#step();
    });
  }

  #step(): void {
    if (this.#isOver) return;
    const nowMs = this.#process.nowMs();
    this.#endLate(nowMs);
    const state = this.#plan.state(nowMs);
    if (state === "complete") return this.#end("complete");
    if (state === "no_progress") return this.#end("no_progress");
    const { sha256 } = this.entry;
    const step = this.#plan.step(() => this.#host.candidates(sha256), nowMs);
    for (const id of step.cancel) this.#forget(id);
    for (const request of step.requests) this.#fetch(request);
    for (const question of step.questions) this.#ask(question);
    let wakeMs = this.#plan.wakeMs(nowMs);
    for (const { deadlineMs } of this.#pending.values()) wakeMs = Math.min(wakeMs, deadlineMs);
    this.#wakeAt(Math.max(nowMs + 1, wakeMs));
  }

  /** Gives up requests that have had their time. */
  #endLate(nowMs: number): void {
    for (const { request, deadlineMs } of this.#pending.values()) {
      if (nowMs < deadlineMs) continue;
      this.#finish(request, { kind: "timed_out", waitedMs: request.timeoutMs });
    }
  }

  #ask(question: Question): void {
    this.#host.askBlob(question, this.entry.sha256, (reply) => {
      if (this.#isOver) return;
      if (typeof reply === "string") this.#plan.noteNothing(question.uuid);
      else this.#plan.noteHeld(question.uuid, reply.chunks, this.#process.nowMs());
      this.#plan.noteAnswered(question.uuid);
      this.#stepSoon();
    });
  }

  #fetch(request: PlannedRequest): void {
    const startedMs = this.#process.nowMs();
    const cancel = this.#host.askChunk(request, this.entry, (reply, hostname) => {
      if (this.#isOver || !this.#pending.has(request.id)) return;
      this.#hear(request, reply, hostname);
    });
    const deadlineMs = startedMs + request.timeoutMs;
    this.#pending.set(request.id, { request, startedMs, deadlineMs, cancel });
  }

  #hear(request: PlannedRequest, reply: ChunkReply | CallFailure, hostname: string): void {
    const { id, peer, chunk } = request;
    const nowMs = this.#process.nowMs();
    if (typeof reply === "string") return void this.#finish(request, { kind: "failed" });
    if ("given" in reply && reply.given) this.#plan.noteGiven(peer, reply.given);
    if (reply.kind !== "bytes") return void this.#finish(request, reply);
    if (reply.held) this.#plan.noteHeld(peer, reply.held, nowMs);
    const elapsedMs = nowMs - (this.#pending.get(id)?.startedMs ?? nowMs);
    const isRight = isChunk(reply.content, this.entry.sha256, chunk);
    if (!isRight) this.#host.bench(peer);
    const outcome: RequestOutcome = isRight ? { kind: "verified", elapsedMs } : { kind: "corrupt" };
    if (this.#finish(request, outcome)) this.#store(chunk, reply.content, hostname);
    if (!isRight) this.#plan.noteNothing(peer);
  }

  #store(chunk: number, content: ChunkContent, hostname: string): void {
    try {
      this.#process.machine.disk.write(this.#blob, chunk);
    } catch (error) {
      if (!(error instanceof DiskFullError)) throw error;
      this.#plan.noteUnwritten(chunk);
      return this.#end("skipped");
    }
    this.#plan.noteStored(hostname);
    this.#host.noteStored(this.entry, chunk, content);
  }

  /** Says whether the chunk is news. */
  #finish(request: PlannedRequest, outcome: RequestOutcome): boolean {
    this.#forget(request.id);
    const isNews = this.#plan.finish(request.id, outcome, this.#process.nowMs());
    this.#stepSoon();
    return isNews;
  }

  #forget(id: number): void {
    this.#pending.get(id)?.cancel();
    this.#pending.delete(id);
  }

  #end(result: "complete" | "no_progress" | "skipped"): void {
    const { machine: { disk }, nowMs } = this.#process;
    if (result === "complete") disk.complete(this.#blob, nowMs());
    this.stop();
    this.#host.ended(this.entry.sha256, result);
  }
}
