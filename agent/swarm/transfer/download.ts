import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { PartialBlob } from "../blobs/partial_blob.ts";
import { ChunkTraffic } from "./chunk_traffic.ts";
import type { DownloadOptions } from "./download_options.ts";
import { DownloadPlan } from "./download_plan.ts";
import { type DownloadResult, judgeWriteError } from "./download_result.ts";
import { findDigests, type FoundDigests } from "./find_digests.ts";
import { LastResort } from "./last_resort.ts";
import { PrefixFollower } from "./prefix_follower.ts";
import { type ChunkDetail, SlowestChunks } from "../blobs/slowest_chunks.ts";

/** Sources are saved after so many chunks. */
const CHUNKS_PER_RECORD = 32;

/** One attempt to fetch a blob, from the list of its digests to its SHA-256; a {@linkcode ChunkTraffic} brings the chunks. */
export class Download {
  readonly entry: ManifestEntry;
  readonly #options: DownloadOptions;
  readonly #lastResort: LastResort;
  #partial: PartialBlob | undefined;
  #plan: DownloadPlan | undefined;
  #traffic: ChunkTraffic | undefined;
  #prefix: PrefixFollower | undefined;
  #slowest = new SlowestChunks();
  #wake: (() => void) | undefined;
  #hasNews = false;
  #activeMs = 0;
  #stored = 0;
  #isFinishing = false;

  constructor(options: DownloadOptions) {
    this.#options = options;
    this.entry = options.entry;
    this.#lastResort = new LastResort(options.server, performance.now());
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
    this.#noteNews();
  }

  /** A peer told which chunks it holds, without being asked. */
  noteHeld(uuid: string, bits: Uint8Array): void {
    if (!this.#plan?.follows(uuid)) return;
    this.#traffic?.noteHeld(uuid, bits);
    this.#noteNews();
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
    this.#noteNews();
    return false;
  }

  /**
   * Runs until the blob is complete or this attempt is over. What was fetched stays for the next one.
   *
   * @throws {Error} if the file system fails in another way than being full.
   */
  async run(signal: AbortSignal): Promise<DownloadResult | { readonly kind: "cancelled" }> {
    const startedMs = performance.now();
    const wakeUp = () => this.#noteNews();
    signal.addEventListener("abort", wakeUp);
    try {
      const { entry, store } = this.#options;
      const record = await store.readRecord(entry.sha256);
      this.#slowest = new SlowestChunks(record?.slowest);
      const found = await findDigests({
        ...this.#options,
        lastResort: this.#lastResort,
        signal,
      });
      if (!found) {
        return signal.aborted
          ? { kind: "cancelled" }
          : { kind: "no_progress", reason: this.#lastResort.explain("no available peers") };
      }
      const partial = await PartialBlob.open(this.#options.paths, entry, found.digests);
      const { plan, traffic } = this.#begin(partial, found, signal);
      const formerMs = record?.activeDownloadMs ?? 0;
      const result = await this.#loop(plan, traffic, partial, signal, startedMs - formerMs);
      await traffic.end();
      if (signal.aborted) return await this.#park(partial, { kind: "cancelled" });
      if (result.kind !== "complete") return await this.#park(partial, result);
      return await this.#finish(partial);
    } catch (error) {
      const verdict = judgeWriteError(error);
      await this.#traffic?.end();
      // The first error says what happened; that the disk is still full or gone says nothing more.
      await this.#partial?.park().catch(() => {});
      if (!verdict) throw error;
      return verdict;
    } finally {
      this.#options.origins.end(this.entry.sha256);
      signal.removeEventListener("abort", wakeUp);
      this.#prefix?.abandon();
      await this.#traffic?.end();
      await this.#traffic?.settleComplaints();
    }
  }

  /** Removes what was fetched; only after {@linkcode run} has ended. */
  async discard(): Promise<void> {
    await this.#partial?.discard();
  }

  #begin(partial: PartialBlob, { holder }: FoundDigests, signal: AbortSignal) {
    const { entry: { chunkSizeBytes }, hasher, isBenched } = this.#options;
    this.#partial = partial;
    this.#options.origins.begin(this.entry.sha256, partial.chunks);
    this.#prefix = new PrefixFollower(hasher, partial);
    const plan = new DownloadPlan({
      have: partial.chunks,
      chunkSizeBytes,
      firstChunk: Math.floor(Math.random() * Math.max(1, partial.layout.count)),
      nowMs: performance.now(),
      isBenched,
      holder,
    });
    const traffic = new ChunkTraffic({
      ...this.#options,
      plan,
      partial,
      lastResort: this.#lastResort,
      onStored: (chunk, source, elapsedMs) => this.#noteStored(chunk, source, elapsedMs),
      onNews: () => this.#noteNews(),
    }, signal);
    this.#plan = plan;
    this.#traffic = traffic;
    return { plan, traffic };
  }

  /** @param originMs when it would have begun, had it never paused. */
  async #loop(
    plan: DownloadPlan,
    traffic: ChunkTraffic,
    partial: PartialBlob,
    signal: AbortSignal,
    originMs: number,
  ): Promise<DownloadResult> {
    while (!signal.aborted) {
      const nowMs = performance.now();
      this.#activeMs = nowMs - originMs;
      if (traffic.failure) return traffic.failure;
      const state = plan.state(nowMs);
      if (state === "complete" && partial.chunks.isFull) return { kind: "complete" };
      if (state === "no_progress") {
        return { kind: "no_progress", reason: this.#lastResort.explain("no progress") };
      }
      this.#hasNews = false;
      traffic.step(nowMs);
      await this.#sleep(Math.max(1, plan.wakeMs(nowMs) - nowMs));
    }
    return { kind: "no_progress", reason: "stopped" };
  }

  #noteNews(): void {
    this.#hasNews = true;
    this.#wake?.();
  }

  /** Waits for news or until the time is over, whichever is first. */
  async #sleep(ms: number): Promise<void> {
    if (this.#hasNews) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
    clearTimeout(timer);
  }

  async #noteStored(chunk: number, source: string, elapsedMs: number): Promise<void> {
    this.#slowest.note(chunk, source, elapsedMs);
    this.#options.origins.note(this.entry.sha256, chunk, source);
    this.#stored += 1;
    this.#prefix?.advance();
    this.#options.onProgress();
    if (this.#stored % CHUNKS_PER_RECORD === 0) await this.#saveRecord();
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
}
