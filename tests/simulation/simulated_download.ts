import { Bitmap } from "../../shared/swarm/bitmap.ts";
import { layoutOf } from "../../shared/swarm/chunk_layout.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import type { RequestOutcome } from "../../shared/swarm/scheduler.ts";
import type { ProvenPeer } from "../../agent/swarm/peers/peer_registry.ts";
import { DownloadPlan, type PlannedRequest } from "../../agent/swarm/transfer/download_plan.ts";
import type { Question } from "../../agent/swarm/transfer/holder_poll.ts";
import { DiskFullError, type FakeDisk, type StoredBlob } from "./fake_disk.ts";
import type { CallFailure } from "./fake_network.ts";
import type { Scheduled } from "./virtual_time.ts";

/** A chunk on the wire: which one its bytes are, or that they are rubbish. */
export type ChunkContent = `${string}/${number}` | "rubbish";

/** What a peer says when it is asked for a chunk. */
export type ChunkReply =
  | {
    readonly kind: "bytes";
    readonly content: ChunkContent;
    readonly held: Bitmap | undefined;
    readonly given: Bitmap | undefined;
  }
  | { readonly kind: "not_held" }
  | { readonly kind: "given_before"; readonly given: Bitmap }
  | { readonly kind: "busy"; readonly retryAfterMs: number };

/** What a peer says when it is asked what it holds of a blob. */
export type BlobReply = { readonly chunks: Bitmap } | "nothing";

/** What a download needs of the peer it belongs to. */
export interface DownloadHost {
  readonly disk: FakeDisk;
  readonly nowMs: () => number;
  readonly random: () => number;
  /** Runs something later, unless the process has ended by then. */
  after(delayMs: number, run: () => void): Scheduled;
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

/** One attempt to fetch a blob: what `Download` is to the real engine, around the same plan. */
export class SimulatedDownload {
  readonly #plan: DownloadPlan;
  readonly #blob: StoredBlob;
  readonly #requests = new Map<number, { cancel: () => void; timeout: Scheduled }>();
  #wake: Scheduled | undefined;
  #isOver = false;

  constructor(private readonly host: DownloadHost, readonly entry: ManifestEntry) {
    const { count } = layoutOf(entry);
    this.#blob = host.disk.open(entry.sha256, count, entry.chunkSizeBytes);
    this.#plan = new DownloadPlan({
      have: this.#blob.written,
      chunkSizeBytes: entry.chunkSizeBytes,
      firstChunk: Math.floor(host.random() * Math.max(1, count)),
      nowMs: host.nowMs(),
      isBenched: (uuid) => host.isBenched(uuid),
    });
    this.#schedule(0);
  }

  get chunks(): Bitmap {
    return this.#blob.written;
  }

  get sources(): Readonly<Record<string, number>> {
    return this.#plan.sources;
  }

  get holders(): readonly string[] {
    return this.#plan.holders;
  }

  /** A peer told what it holds when it asked for a chunk. */
  noteHeld(uuid: string, chunks: Bitmap): void {
    if (this.#isOver || !this.#plan.follows(uuid)) return;
    this.#plan.noteHeld(uuid, chunks, this.host.nowMs());
    this.#schedule(0);
  }

  noteHolder(uuid: string): void {
    this.#plan.hasten(uuid, this.host.nowMs());
    this.#schedule(0);
  }

  /** Ends the attempt; what was fetched stays. */
  stop(): void {
    this.#isOver = true;
    if (this.#wake) this.#wake.isCancelled = true;
    for (const id of [...this.#requests.keys()]) this.#forget(id);
    this.host.disk.sync(this.#blob);
  }

  #schedule(delayMs: number): void {
    if (this.#isOver) return;
    const atMs = this.host.nowMs() + delayMs;
    if (this.#wake && !this.#wake.isCancelled && this.#wake.atMs <= atMs) return;
    if (this.#wake) this.#wake.isCancelled = true;
    this.#wake = this.host.after(delayMs, () => {
      this.#wake = undefined;
      this.#step();
    });
  }

  #step(): void {
    if (this.#isOver) return;
    const nowMs = this.host.nowMs();
    const state = this.#plan.state(nowMs);
    if (state === "complete") return this.#end("complete");
    if (state === "no_progress") return this.#end("no_progress");
    const { sha256 } = this.entry;
    const step = this.#plan.step(() => this.host.candidates(sha256), nowMs);
    for (const id of step.cancel) this.#forget(id);
    for (const request of step.requests) this.#fetch(request);
    for (const question of step.questions) this.#ask(question);
    this.#schedule(Math.max(1, this.#plan.wakeMs(nowMs) - nowMs));
  }

  #ask(question: Question): void {
    this.host.askBlob(question, this.entry.sha256, (reply) => {
      if (this.#isOver) return;
      if (typeof reply === "string") this.#plan.noteNothing(question.uuid);
      else this.#plan.noteHeld(question.uuid, reply.chunks, this.host.nowMs());
      this.#plan.noteAnswered(question.uuid);
      this.#schedule(0);
    });
  }

  #fetch(request: PlannedRequest): void {
    const startedMs = this.host.nowMs();
    const timeout = this.host.after(request.timeoutMs, () => {
      this.#finish(request, { kind: "timed_out", waitedMs: request.timeoutMs });
    });
    const cancel = this.host.askChunk(request, this.entry, (reply, hostname) => {
      if (this.#isOver || !this.#requests.has(request.id)) return;
      if (typeof reply === "string") return void this.#finish(request, { kind: "failed" });
      if ("given" in reply && reply.given) this.#plan.noteGiven(request.peer, reply.given);
      if (reply.kind !== "bytes") return void this.#finish(request, reply);
      const { held, content } = reply;
      if (held) this.#plan.noteHeld(request.peer, held, this.host.nowMs());
      const elapsedMs = this.host.nowMs() - startedMs;
      const isRight = content === `${this.entry.sha256}/${request.chunk}`;
      if (!isRight) this.host.bench(request.peer);
      const outcome: RequestOutcome = isRight
        ? { kind: "verified", elapsedMs }
        : { kind: "corrupt" };
      if (this.#finish(request, outcome)) this.#store(request.chunk, content, hostname);
      if (!isRight) this.#plan.noteNothing(request.peer);
    });
    this.#requests.set(request.id, { cancel, timeout });
  }

  #store(chunk: number, content: ChunkContent, hostname: string): void {
    try {
      this.host.disk.write(this.#blob, chunk);
    } catch (error) {
      if (!(error instanceof DiskFullError)) throw error;
      this.#plan.noteUnwritten(chunk);
      return this.#end("skipped");
    }
    this.#plan.noteStored(hostname);
    this.host.noteStored(this.entry, chunk, content);
  }

  /** Says whether the chunk is news. */
  #finish(request: PlannedRequest, outcome: RequestOutcome): boolean {
    this.#forget(request.id);
    const isNews = this.#plan.finish(request.id, outcome, this.host.nowMs());
    this.#schedule(0);
    return isNews;
  }

  #forget(id: number): void {
    const request = this.#requests.get(id);
    if (!request) return;
    this.#requests.delete(id);
    request.timeout.isCancelled = true;
    request.cancel();
  }

  #end(result: "complete" | "no_progress" | "skipped"): void {
    if (result === "complete") this.host.disk.complete(this.#blob, this.host.nowMs());
    this.stop();
    this.host.ended(this.entry.sha256, result);
  }
}
