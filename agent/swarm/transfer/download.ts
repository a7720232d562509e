import { Bitmap } from "../../../shared/swarm/bitmap.ts";
import { chunkSpan, digestOfChunks, layoutOf } from "../../../shared/swarm/chunk_layout.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import {
  type ChunkRequest,
  DownloadScheduler,
  type RequestOutcome,
  type SchedulerStep,
} from "../../../shared/swarm/scheduler.ts";
import { schedulerLimits } from "../../../shared/swarm/scheduler_limits.ts";
import type { BlobStore } from "../blobs/blob_store.ts";
import { BufferPool } from "./buffer_pool.ts";
import type { DiskVerdict } from "../blobs/disk_gate.ts";
import type { EngineLog } from "../engine/engine_log.ts";
import type { Hasher, PrefixHash } from "../hashing/hasher.ts";
import { PartialBlob } from "../blobs/partial_blob.ts";
import { type PeerClient, PeerError } from "../peers/peer_client.ts";
import type { PeerIdentity } from "../peers/peer_identity.ts";
import type { PeerEndpoint, ProvenPeer } from "../peers/peer_registry.ts";
import type { SwarmPaths } from "../swarm_paths.ts";
import { pause } from "../engine/task_scope.ts";

export interface DownloadOptions {
  readonly entry: ManifestEntry;
  readonly paths: SwarmPaths;
  readonly store: BlobStore;
  readonly client: PeerClient;
  readonly hasher: Hasher;
  /** Peers that may hold the blob, best guesses first. */
  readonly candidates: () => readonly ProvenPeer[];
  readonly onPeerFailure: (uuid: string) => void;
  /** Called when there are new chunks to tell others about. */
  readonly onProgress: () => void;
  readonly checkDisk: () => Promise<DiskVerdict>;
  /** Waits until so many bytes may be received. */
  readonly takeBandwidth: (sizeBytes: number, signal: AbortSignal) => Promise<void>;
  readonly log: EngineLog;
}

export type DownloadResult =
  | { readonly kind: "complete" }
  | { readonly kind: "no_progress"; readonly reason: string }
  | { readonly kind: "skipped"; readonly reason: string }
  /** The entry's two digests contradict each other: no bytes can satisfy both. */
  | { readonly kind: "broken" };

/** Peers that lack chunks are asked what they have got meanwhile; the more there are, the less often each is asked. */
const POLL_PARTIAL_MS_PER_PEER = 40;
const MIN_POLL_PARTIAL_MS = 100;
const MAX_POLL_PARTIAL_MS = 1000;
/** A peer that had nothing, or did not answer, is asked again after this: soon while others are only starting. */
const POLL_EMPTY_EARLY_MS = 400;
const POLL_EMPTY_MS = 2000;
const EARLY_MS = 5000;
/** A complete peer is asked again to notice a lost blob. */
const POLL_COMPLETE_MS = 30_000;
/** Questions about holdings under way at once. */
const MAX_POLLS = 8;
/** The disk is looked at again, and sources are saved, after so many chunks. */
const CHUNKS_PER_DISK_CHECK = 100;
const CHUNKS_PER_RECORD = 32;
/** Without any holder for this long the download gives up until later. */
const NO_HOLDER_MS = 30_000;

const NOTHING: SchedulerStep = { requests: [], cancel: [] };

interface Known {
  readonly endpoint: PeerEndpoint;
  readonly hostname: string;
  askAtMs: number;
  asking: boolean;
  holds: boolean;
}

/** One attempt to fetch a blob: asks peers what they hold, lets the scheduler choose, verifies, writes. */
export class Download {
  readonly entry: ManifestEntry;
  readonly #options: DownloadOptions;
  readonly #known = new Map<string, Known>();
  readonly #requests = new Map<number, AbortController>();
  readonly #sources = new Map<string, number>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #buffers: BufferPool;
  #partial: PartialBlob | undefined;
  #scheduler: DownloadScheduler | undefined;
  #prefix: PrefixHash | undefined;
  #wake: (() => void) | undefined;
  #failure: DownloadResult | undefined;
  #activeMs = 0;
  #received = 0;
  /** Chunks received and not yet written. */
  #writing = 0;
  #corrupt = 0;

  constructor(options: DownloadOptions) {
    this.#options = options;
    this.entry = options.entry;
    this.#buffers = new BufferPool(options.entry.chunkSizeBytes);
  }

  /** What is there so far and can be served to others. */
  get partial(): PartialBlob | undefined {
    return this.#partial;
  }

  get sources(): Record<string, number> {
    return Object.fromEntries(this.#sources);
  }

  get activeMs(): number {
    return this.#activeMs;
  }

  /** Chunks of wrong bytes received in this attempt. */
  get corruptChunks(): number {
    return this.#corrupt;
  }

  /** Hostnames of peers that hold something of it. */
  get holders(): string[] {
    return [...this.#known.values()].filter(({ holds }) => holds).map(({ hostname }) => hostname);
  }

  /** Somebody said that this peer holds something: ask it now. */
  noteHolder(uuid: string): void {
    const known = this.#known.get(uuid);
    if (known) known.askAtMs = Math.min(known.askAtMs, performance.now());
    this.#wake?.();
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
      const { entry, store } = this.#options;
      const record = await store.readRecord(entry.sha256);
      const digests = await this.#findDigests(stopped);
      if (!digests) {
        return signal.aborted
          ? { kind: "cancelled" }
          : { kind: "no_progress", reason: "no available peers" };
      }
      const partial = await PartialBlob.open(this.#options.paths, entry, digests);
      this.#begin(partial);
      const result = await this.#loop(partial, stopped, startedMs, record?.activeDownloadMs ?? 0);
      stop.abort();
      await Promise.all(this.#tasks);
      if (signal.aborted) return await this.#park(partial, { kind: "cancelled" });
      if (result.kind !== "complete") return await this.#park(partial, result);
      return await this.#finish(partial);
    } catch (error) {
      const parked = this.#partial;
      const isFull = isDiskFull(error);
      stop.abort();
      await Promise.all(this.#tasks);
      // The first error says what happened; that the disk is still full or gone says nothing more.
      await parked?.park().catch(() => {});
      if (!isFull) throw error;
      return { kind: "skipped", reason: "insufficient disk space" };
    } finally {
      stop.abort();
      signal.removeEventListener("abort", wakeUp);
      this.#prefix?.abandon();
      await Promise.all(this.#tasks);
    }
  }

  /** Removes what was fetched; only after {@linkcode run} has ended. */
  async discard(): Promise<void> {
    await this.#partial?.discard();
  }

  #begin(partial: PartialBlob): void {
    this.#partial = partial;
    const { entry } = this.#options;
    const cached = partial.chunks.count;
    if (cached > 0) this.#sources.set("cached", cached);
    this.#scheduler = new DownloadScheduler({
      have: partial.chunks,
      limits: schedulerLimits(entry.chunkSizeBytes),
      firstChunk: Math.floor(Math.random() * Math.max(1, partial.layout.count)),
      nowMs: performance.now(),
    });
    this.#prefix = this.#options.hasher.follow(partial.dataPath);
    this.#advancePrefix(partial);
    // What peers said before the download began was asked without their chunks being kept.
    for (const known of this.#known.values()) known.askAtMs = 0;
  }

  async #loop(
    partial: PartialBlob,
    signal: AbortSignal,
    startedMs: number,
    formerActiveMs: number,
  ): Promise<DownloadResult> {
    const scheduler = this.#scheduler;
    if (!scheduler) return { kind: "no_progress", reason: "not begun" };
    const limits = schedulerLimits(this.entry.chunkSizeBytes);
    while (!signal.aborted) {
      const nowMs = performance.now();
      this.#activeMs = formerActiveMs + nowMs - startedMs;
      if (this.#failure) return this.#failure;
      const state = scheduler.state(nowMs);
      if (state === "complete" && partial.chunks.isFull) return { kind: "complete" };
      if (state === "no_progress") return { kind: "no_progress", reason: "no progress" };
      // A disk slower than the network must not fill memory with chunks that wait for it.
      const mayAsk = this.#writing < limits.maxInFlight;
      const { requests, cancel } = mayAsk ? scheduler.step(nowMs) : NOTHING;
      for (const id of cancel) this.#requests.get(id)?.abort();
      for (const request of requests) this.#track(this.#fetch(request, partial, signal));
      this.#poll(nowMs, signal);
      const sleepMs = Math.min(this.#pollPartialMs, Math.max(1, scheduler.wakeMs(nowMs) - nowMs));
      await this.#sleep(sleepMs, signal);
    }
    return { kind: "no_progress", reason: "stopped" };
  }

  /** Waits for news or until the time is over, whichever is first. */
  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await pause(ms, AbortSignal.any([woken.signal, signal]));
    this.#wake = undefined;
  }

  async #fetch(request: ChunkRequest, partial: PartialBlob, signal: AbortSignal): Promise<void> {
    const known = this.#known.get(request.peer);
    const { length } = chunkSpan(partial.layout, request.chunk);
    const controller = new AbortController();
    this.#requests.set(request.id, controller);
    const buffer = this.#buffers.take();
    const into = buffer.subarray(0, length);
    const startedMs = performance.now();
    let outcome: RequestOutcome;
    let sender: PeerIdentity | undefined;
    const timer = setTimeout(() => controller.abort("timeout"), request.timeoutMs);
    try {
      if (!known) throw new PeerError("unknown peer");
      const cancelled = AbortSignal.any([signal, controller.signal]);
      await this.#options.takeBandwidth(length, cancelled);
      const answer = await this.#options.client.getChunk(
        known.endpoint,
        this.entry.sha256,
        request.chunk,
        into,
        cancelled,
      );
      sender = answer.peer;
      const elapsedMs = performance.now() - startedMs;
      outcome = partial.verify(request.chunk, into)
        ? { kind: "verified", elapsedMs }
        : { kind: "corrupt" };
      if (answer.held) this.#noteHeld(request.peer, answer.held);
      const given = answer.given && Bitmap.fromBytes(partial.layout.count, answer.given);
      if (given) this.#scheduler?.setGiven(request.peer, given);
    } catch (error) {
      const isTimeout = controller.signal.aborted && controller.signal.reason === "timeout";
      outcome = isTimeout ? { kind: "timed_out", waitedMs: request.timeoutMs } : outcomeOf(error);
    } finally {
      clearTimeout(timer);
      this.#requests.delete(request.id);
    }
    const isNews = this.#scheduler?.finish(request.id, outcome, performance.now()) ?? false;
    if (outcome.kind === "corrupt") this.#noteCorrupt(known, request.chunk);
    try {
      if (isNews && sender) await this.#store(partial, request.chunk, into, sender);
    } finally {
      this.#buffers.give(buffer);
      this.#wake?.();
    }
  }

  async #store(
    partial: PartialBlob,
    chunk: number,
    bytes: Uint8Array,
    sender: PeerIdentity,
  ): Promise<void> {
    // Others are asked meanwhile; a full disk ends the attempt.
    this.#wake?.();
    this.#writing += 1;
    try {
      await partial.write(chunk, bytes);
    } catch (error) {
      this.#failure = isDiskFull(error)
        ? { kind: "skipped", reason: "insufficient disk space" }
        : { kind: "skipped", reason: `cannot write: ${error}` };
      return;
    } finally {
      this.#writing -= 1;
    }
    this.#sources.set(sender.hostname, (this.#sources.get(sender.hostname) ?? 0) + 1);
    this.#received += 1;
    this.#advancePrefix(partial);
    this.#options.onProgress();
    if (this.#received % CHUNKS_PER_RECORD === 0) await this.#saveRecord();
    if (this.#received % CHUNKS_PER_DISK_CHECK === 0) {
      const verdict = await this.#options.checkDisk();
      if (!verdict.ok) this.#failure = { kind: "skipped", reason: verdict.reason };
    }
  }

  #noteCorrupt(known: Known | undefined, chunk: number): void {
    this.#corrupt += 1;
    this.#options.log("warning", "a peer sent wrong bytes and is left alone for ten minutes", {
      peer: known?.hostname,
      sha256: this.entry.sha256,
      chunk,
    });
  }

  #advancePrefix(partial: PartialBlob): void {
    const { sizeBytes, chunkSizeBytes } = partial.layout;
    const endBytes = Math.min(sizeBytes, partial.chunks.contiguousPrefix * chunkSizeBytes);
    if (endBytes > 0) this.#prefix?.advance(endBytes);
  }

  #noteHeld(uuid: string, bits: Uint8Array): void {
    const chunks = Bitmap.fromBytes(this.#partial?.layout.count ?? 0, bits);
    const known = this.#known.get(uuid);
    if (!chunks || !known) return;
    known.holds = chunks.count > 0;
    this.#scheduler?.setPeer(uuid, chunks);
    known.askAtMs = performance.now() + (chunks.isFull ? POLL_COMPLETE_MS : this.#pollPartialMs);
  }

  get #pollPartialMs(): number {
    const fairMs = this.#known.size * POLL_PARTIAL_MS_PER_PEER;
    return Math.min(MAX_POLL_PARTIAL_MS, Math.max(MIN_POLL_PARTIAL_MS, fairMs));
  }

  /** Asks peers whose turn it is what they hold. */
  #poll(nowMs: number, signal: AbortSignal): void {
    for (const peer of this.#options.candidates()) {
      const known = this.#known.get(peer.uuid);
      if (!known || known.endpoint.address !== peer.address || known.endpoint.port !== peer.port) {
        const { address, port, hostname } = peer;
        this.#known.set(peer.uuid, {
          endpoint: { address, port },
          hostname,
          askAtMs: 0,
          asking: false,
          holds: false,
        });
      }
    }
    let asking = [...this.#known.values()].filter((known) => known.asking).length;
    for (const [uuid, known] of this.#known) {
      if (asking >= MAX_POLLS) return;
      if (known.asking || known.askAtMs > nowMs) continue;
      asking += 1;
      this.#track(this.#ask(uuid, known, signal));
    }
  }

  async #ask(uuid: string, known: Known, signal: AbortSignal): Promise<void> {
    known.asking = true;
    const isEarly = this.#activeMs < EARLY_MS;
    known.askAtMs = performance.now() + (isEarly ? POLL_EMPTY_EARLY_MS : POLL_EMPTY_MS);
    try {
      const { client } = this.#options;
      const { blob } = await client.getBlob(known.endpoint, this.entry.sha256, false, signal);
      this.#noteHeld(uuid, blob.chunks);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      // Expelled, moved or without the blob: nothing more is expected of it until it says otherwise.
      known.holds = false;
      this.#scheduler?.removePeer(uuid);
      if (error.status === undefined && !signal.aborted) this.#options.onPeerFailure(uuid);
    } finally {
      known.asking = false;
      this.#wake?.();
    }
  }

  /** The chunk digests, from the last run or from the first peer whose list is the one the entry names. */
  async #findDigests(signal: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { entry, paths, client } = this.#options;
    const { count } = layoutOf(entry);
    if (count === 0) return new Uint8Array();
    const kept = await PartialBlob.readDigests(paths, entry);
    if (kept) return kept;
    const deadlineMs = performance.now() + NO_HOLDER_MS;
    const askAtMs = new Map<string, number>();
    while (!signal.aborted && performance.now() < deadlineMs) {
      for (const peer of this.#options.candidates()) {
        if (signal.aborted || (askAtMs.get(peer.uuid) ?? 0) > performance.now()) continue;
        try {
          const { blob } = await client.getBlob(peer, entry.sha256, true, signal);
          if (blob.digests && digestOfChunks(blob.digests) === entry.chunksDigest) {
            return new Uint8Array(blob.digests);
          }
        } catch (error) {
          if (!(error instanceof PeerError)) throw error;
        }
        askAtMs.set(peer.uuid, performance.now() + POLL_EMPTY_MS);
      }
      await this.#sleep(this.#pollPartialMs, signal);
    }
    return undefined;
  }

  async #finish(partial: PartialBlob): Promise<DownloadResult> {
    const { entry, store } = this.#options;
    this.#prefix?.advance(entry.sizeBytes);
    const sha256 = await this.#prefix?.finish();
    this.#prefix = undefined;
    if (sha256 !== entry.sha256) {
      const wrong = await partial.verifyAll();
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

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && /ENOSPC|No space left/i.test(error.message);
}

function outcomeOf(error: unknown): RequestOutcome {
  if (!(error instanceof PeerError)) return { kind: "failed" };
  switch (error.status) {
    case 404:
    case 410:
      return { kind: "not_held" };
    case 503:
      return { kind: "busy", retryAfterMs: error.retryAfterMs ?? 1000 };
    default:
      return { kind: "failed" };
  }
}
