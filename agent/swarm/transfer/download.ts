import { Bitmap } from "../../../shared/swarm/bitmap.ts";
import { chunkSpan } from "../../../shared/swarm/chunk_layout.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { schedulerLimits } from "../../../shared/swarm/scheduler_limits.ts";
import { PartialBlob } from "../blobs/partial_blob.ts";
import { PeerError } from "../peers/peer_error.ts";
import { BufferPool } from "./buffer_pool.ts";
import type { DownloadOptions } from "./download_options.ts";
import { DownloadPlan, type PlannedRequest } from "./download_plan.ts";
import { type DownloadResult, judgeWriteError } from "./download_result.ts";
import { fetchChunk } from "./fetch_chunk.ts";
import { fetchFromServer } from "./fetch_from_server.ts";
import { findDigests, WRONG_BYTES } from "./find_digests.ts";
import type { Question } from "./holder_poll.ts";
import { type ChunkRun, LastResort } from "./last_resort.ts";
import { PrefixFollower } from "./prefix_follower.ts";
import { type ChunkDetail, SlowestChunks } from "./slowest_chunks.ts";
import { tellSender } from "./tell_sender.ts";

/** One attempt to fetch a blob: does what a {@linkcode DownloadPlan} says, verifies what comes, writes it. */
export class Download {
  readonly entry: ManifestEntry;
  readonly #options: DownloadOptions;
  readonly #requests = new Map<number, AbortController>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #buffers: BufferPool;
  #partial: PartialBlob | undefined;
  #plan: DownloadPlan | undefined;
  #prefix: PrefixFollower | undefined;
  #wake: (() => void) | undefined;
  #failure: DownloadResult | undefined;
  #activeMs = 0;
  #isFinishing = false;
  readonly #lastResort: LastResort;
  #slowest = new SlowestChunks();

  constructor(options: DownloadOptions) {
    this.#options = options;
    this.entry = options.entry;
    this.#lastResort = new LastResort(options.server, performance.now());
    const { chunkSizeBytes } = options.entry;
    this.#buffers = new BufferPool(chunkSizeBytes, schedulerLimits(chunkSizeBytes).maxInFlight);
  }

  /** What is there so far and can be served to others. */
  get partial(): PartialBlob | undefined {
    return this.#partial;
  }

  get sources(): Record<string, number> {
    return this.#plan?.sources ?? {};
  }

  /** The chunks that took longest. */
  get slowest(): ChunkDetail[] {
    return this.#slowest.list();
  }

  get activeMs(): number {
    return this.#activeMs;
  }

  /** Chunks of wrong bytes received in this attempt. */
  get corruptChunks(): number {
    return this.#plan?.corruptChunks ?? 0;
  }

  /** Hostnames of peers that hold something of it. */
  get holders(): string[] {
    return this.#plan?.holders ?? [];
  }

  /** Somebody said that this peer holds something: ask it now. */
  noteHolder(uuid: string): void {
    this.#plan?.hasten(uuid, performance.now());
    this.#wake?.();
  }

  /** A peer complained about this chunk: reads it again, and fetches it anew if it is damaged. Says whether it was sound. */
  async recheck(chunk: number): Promise<boolean> {
    const partial = this.#partial;
    if (!partial || await partial.recheck(chunk)) return true;
    this.#plan?.lose(chunk);
    this.#options.origins.lose(this.entry.sha256, chunk);
    // Past this point the attempt ends without the chunk, and the next one begins its hash anew.
    if (this.#isFinishing) return false;
    // The hash has gone over the damaged bytes, or will not stop before them.
    this.#prefix?.restart();
    this.#wake?.();
    return false;
  }

  /**
   * Runs until the blob is complete or this attempt is over. What was fetched stays for the next one.
   *
   * @throws {Error} if the file system fails in another way than being full.
   */
  async run(signal: AbortSignal): Promise<DownloadResult | { readonly kind: "cancelled" }> {
    const startedMs = performance.now();
    const stop = new AbortController();
    const stopped = AbortSignal.any([signal, stop.signal]);
    const wakeUp = () => this.#wake?.();
    signal.addEventListener("abort", wakeUp);
    try {
      const { entry, paths, client, store, candidates, server } = this.#options;
      const lastResort = this.#lastResort;
      const record = await store.readRecord(entry.sha256);
      this.#slowest = new SlowestChunks(record?.slowest);
      const digests = await findDigests({
        entry,
        paths,
        client,
        candidates,
        server,
        lastResort,
        signal: stopped,
      });
      if (!digests) {
        return signal.aborted
          ? { kind: "cancelled" }
          : { kind: "no_progress", reason: lastResort.explain("no available peers") };
      }
      const partial = await PartialBlob.open(this.#options.paths, entry, digests);
      const plan = this.#begin(partial);
      const formerMs = record?.activeDownloadMs ?? 0;
      const result = await this.#loop(plan, partial, stopped, startedMs - formerMs);
      stop.abort();
      await Promise.all(this.#tasks);
      if (signal.aborted) return await this.#park(partial, { kind: "cancelled" });
      if (result.kind !== "complete") return await this.#park(partial, result);
      return await this.#finish(partial);
    } catch (error) {
      const parked = this.#partial;
      const verdict = judgeWriteError(error);
      stop.abort();
      await Promise.all(this.#tasks);
      // The first error says what happened; that the disk is still full or gone says nothing more.
      await parked?.park().catch(() => {});
      if (!verdict) throw error;
      return verdict;
    } finally {
      stop.abort();
      this.#options.origins.end(this.entry.sha256);
      signal.removeEventListener("abort", wakeUp);
      this.#prefix?.abandon();
      await Promise.all(this.#tasks);
    }
  }

  /** Removes what was fetched; only after {@linkcode run} has ended. */
  async discard(): Promise<void> {
    await this.#partial?.discard();
  }

  #begin(partial: PartialBlob): DownloadPlan {
    const { entry: { chunkSizeBytes }, hasher, isBenched } = this.#options;
    this.#partial = partial;
    this.#options.origins.begin(this.entry.sha256, partial.chunks);
    this.#prefix = new PrefixFollower(hasher, partial);
    this.#plan = new DownloadPlan({
      have: partial.chunks,
      chunkSizeBytes,
      firstChunk: Math.floor(Math.random() * Math.max(1, partial.layout.count)),
      nowMs: performance.now(),
      isBenched,
    });
    return this.#plan;
  }

  /** @param originMs when it would have begun, had it never paused. */
  async #loop(
    plan: DownloadPlan,
    partial: PartialBlob,
    signal: AbortSignal,
    originMs: number,
  ): Promise<DownloadResult> {
    while (!signal.aborted) {
      const nowMs = performance.now();
      this.#activeMs = nowMs - originMs;
      if (this.#failure) return this.#failure;
      const state = plan.state(nowMs);
      if (state === "complete" && partial.chunks.isFull) return { kind: "complete" };
      if (state === "no_progress") {
        return { kind: "no_progress", reason: this.#lastResort.explain("no progress") };
      }
      const { requests, cancel, questions } = plan.step(this.#options.candidates, nowMs);
      for (const id of cancel) this.#requests.get(id)?.abort();
      for (const request of requests) this.#track(this.#fetch(plan, request, partial, signal));
      for (const question of questions) this.#track(this.#ask(plan, question, signal));
      const unheld = this.#lastResort.mayAsk(nowMs) ? plan.findUnheld() : undefined;
      if (unheld !== undefined) this.#track(this.#fetchFromServer(plan, unheld, partial, signal));
      await this.#sleep(Math.max(1, plan.wakeMs(nowMs) - nowMs));
    }
    return { kind: "no_progress", reason: "stopped" };
  }

  /** Waits for news or until the time is over, whichever is first. */
  async #sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
    clearTimeout(timer);
  }

  async #fetch(
    plan: DownloadPlan,
    request: PlannedRequest,
    partial: PartialBlob,
    signal: AbortSignal,
  ): Promise<void> {
    const { client, takeBandwidth } = this.#options;
    const controller = new AbortController();
    this.#requests.set(request.id, controller);
    const buffer = this.#buffers.take();
    const into = buffer.subarray(0, chunkSpan(partial.layout, request.chunk).length);
    try {
      const { outcome, answer } = await fetchChunk({
        client,
        endpoint: request.endpoint,
        sha256: this.entry.sha256,
        request,
        into,
        verify: (bytes) => partial.verify(request.chunk, bytes),
        takeBandwidth,
        signal: AbortSignal.any([signal, controller.signal]),
      });
      if (answer?.held) this.#noteHeld(plan, request.peer, answer.held);
      const given = answer?.given && Bitmap.fromBytes(partial.layout.count, answer.given);
      if (given) plan.noteGiven(request.peer, given);
      const isNews = plan.finish(request.id, outcome, performance.now());
      if (outcome.kind === "corrupt") this.#noteCorrupt(plan, request, signal);
      if (isNews && answer) {
        this.#lastResort.notePeer(performance.now());
        if (outcome.kind === "verified") {
          this.#slowest.note(request.chunk, answer.peer.hostname, outcome.elapsedMs);
        }
        await this.#store(plan, partial, request.chunk, into, answer.peer.hostname);
      }
    } finally {
      this.#requests.delete(request.id);
      this.#buffers.give(buffer);
      this.#wake?.();
    }
  }

  /** What no peer holds is asked of the server; its bytes are believed as little as anybody's. */
  async #fetchFromServer(
    plan: DownloadPlan,
    run: ChunkRun,
    partial: PartialBlob,
    signal: AbortSignal,
  ): Promise<void> {
    const { server, takeBandwidth, log } = this.#options;
    const { sha256 } = this.entry;
    this.#lastResort.noteAsked();
    const fetched = await fetchFromServer({
      server,
      sha256,
      run,
      layout: partial.layout,
      verify: (chunk, bytes) => partial.verify(chunk, bytes),
      takeBandwidth,
      signal,
    });
    if (!fetched) return;
    const { answer, pieces, startedMs } = fetched;
    const wrong = pieces.filter(({ isRight }) => !isRight).map(({ chunk }) => chunk);
    this.#lastResort.noteAnswer(wrong.length > 0 ? WRONG_BYTES : answer, performance.now());
    if (wrong.length > 0) log("warning", "the server sent wrong bytes", { sha256, chunks: wrong });
    if (signal.aborted) return;
    const nowMs = performance.now();
    // All of them before the first is written: what is not news yet would be asked for again meanwhile.
    const news = pieces.filter(({ chunk, isRight }) =>
      isRight && plan.noteFromServer(chunk, nowMs)
    );
    for (const { chunk, bytes } of news) {
      this.#slowest.note(chunk, "server", nowMs - startedMs);
      await this.#store(plan, partial, chunk, bytes, "server");
    }
  }

  /** @param source hostname of the peer that gave the chunk, or `server`. */
  async #store(
    plan: DownloadPlan,
    partial: PartialBlob,
    chunk: number,
    bytes: Uint8Array,
    source: string,
  ): Promise<void> {
    // Others are asked meanwhile; a full disk ends the attempt.
    this.#wake?.();
    try {
      await partial.write(chunk, bytes);
    } catch (error) {
      plan.noteUnwritten(chunk);
      this.#failure = judgeWriteError(error) ??
        { kind: "skipped", reason: `cannot write: ${error}` };
      return;
    }
    this.#options.origins.note(this.entry.sha256, chunk, source);
    const { saveRecord, checkDisk } = plan.noteStored(source);
    this.#prefix?.advance();
    this.#options.onProgress();
    if (saveRecord) await this.#saveRecord();
    if (checkDisk) {
      const verdict = await this.#options.checkDisk();
      if (!verdict.ok) this.#failure = { kind: "skipped", reason: verdict.reason };
    }
  }

  #noteCorrupt(
    plan: DownloadPlan,
    { peer, chunk, endpoint }: PlannedRequest,
    signal: AbortSignal,
  ): void {
    const { log, onCorruption } = this.#options;
    onCorruption(peer);
    log("warning", "a peer sent wrong bytes and is left alone for ten minutes", {
      peer: plan.hostname(peer),
      sha256: this.entry.sha256,
      chunk,
    });
    const wrong = { endpoint, sha256: this.entry.sha256, chunk };
    this.#track(tellSender(wrong, this.#options, signal));
  }

  #noteHeld(plan: DownloadPlan, uuid: string, bits: Uint8Array): void {
    const chunks = Bitmap.fromBytes(this.#partial?.layout.count ?? 0, bits);
    if (chunks) plan.noteHeld(uuid, chunks, performance.now());
  }

  async #ask(
    plan: DownloadPlan,
    { uuid, endpoint }: Question,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const { client } = this.#options;
      const { blob } = await client.getBlob(endpoint, this.entry.sha256, false, signal);
      this.#noteHeld(plan, uuid, blob.chunks);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      plan.noteNothing(uuid);
      if (error.status === undefined && !signal.aborted) this.#options.onPeerFailure(uuid);
    } finally {
      plan.noteAnswered(uuid);
      this.#wake?.();
    }
  }

  async #finish(partial: PartialBlob): Promise<DownloadResult> {
    const { entry, store } = this.#options;
    this.#isFinishing = true;
    const sha256 = await this.#prefix?.finish();
    this.#prefix = undefined;
    if (sha256 !== entry.sha256 || !partial.chunks.isFull) {
      await partial.verifyAll();
      const wrong = partial.layout.count - partial.chunks.count;
      this.#options.log("warning", "a download does not have the wanted SHA-256", {
        sha256: entry.sha256,
        wrongChunks: wrong,
      });
      const result: DownloadResult = wrong > 0
        ? { kind: "no_progress", reason: `${wrong} chunks were damaged on disk` }
        : { kind: "broken" };
      return await this.#park(partial, result);
    }
    await partial.complete();
    await store.add(entry.sha256, {
      stamp: entry.stamp,
      sources: this.sources,
      activeDownloadMs: Math.round(this.#activeMs),
      slowest: this.slowest,
      completedMs: Date.now(),
    });
    return { kind: "complete" };
  }

  async #park<T>(partial: PartialBlob, result: T): Promise<T> {
    await partial.park();
    await this.#saveRecord();
    return result;
  }

  async #saveRecord(): Promise<void> {
    await this.#options.store.writeRecord(this.entry.sha256, {
      stamp: this.entry.stamp,
      sources: this.sources,
      activeDownloadMs: Math.round(this.#activeMs),
      slowest: this.slowest,
    });
  }

  #track(task: Promise<void>): void {
    const tracked: Promise<void> = task.catch((error: unknown) => {
      this.#failure = { kind: "no_progress", reason: String(error) };
    }).finally(() => {
      this.#tasks.delete(tracked);
      this.#wake?.();
    });
    this.#tasks.add(tracked);
  }
}
