import { isSha256 } from "../../../shared/crypto/sha256.ts";
import { layoutOf } from "../../../shared/swarm/chunk_layout.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { listPartials } from "../blobs/leftovers.ts";
import { buryBlob } from "../seeds/graveyard.ts";
import { decideBlobs } from "./blob_decisions.ts";
import { BlobFetcher } from "./blob_fetcher.ts";
import type { ChunkOrigins } from "./chunk_origins.ts";
import type { Download } from "./download.ts";
import { DownloadQueue } from "./download_queue.ts";
import { EvictionMemory } from "./eviction_memory.ts";
import type { ReceiverOptions } from "./receiver_options.ts";
import { SkipList } from "./skip_list.ts";

/** Pause before a download that gave up is tried again. */
const RETRY_MS = 5_000;
/** Pause before a download that the disk refused is tried again, unless a check-in is answered before. */
const DISK_RETRY_MS = 60_000;

interface Job {
  readonly entry: ManifestEntry;
  readonly controller: AbortController;
  /** Whether what was fetched is to be thrown away at the end: the blob was revoked. */
  revoked: boolean;
  download: Download | undefined;
}

/** Decides by itself which blobs this envoy should hold, fetches them, and lets go of those it should not. */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #fetcher: BlobFetcher;
  readonly #jobs = new Map<string, Job>();
  readonly #queue: DownloadQueue;
  #fillTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #skipped = new SkipList();
  readonly #evicted: EvictionMemory;
  /** Blobs of which a part is here: they are completed whether or not a target still means this envoy. */
  readonly #begun: Set<string>;
  #evaluating: Promise<void> = Promise.resolve();
  /** A look that was asked for and has not begun: whoever asks now is answered by it too. */
  #awaited: Promise<void> | undefined;

  private constructor(
    options: ReceiverOptions,
    evicted: EvictionMemory,
    begun: readonly string[],
  ) {
    this.#options = options;
    this.#queue = new DownloadQueue(options.hostname);
    this.#evicted = evicted;
    this.#begun = new Set(begun);
    this.#fetcher = new BlobFetcher(options, {
      downloads: () => this.downloads(),
      onProgress: (sha256) => {
        this.#skipped.noteProgress(sha256);
        options.onChange("chunk");
      },
    });
  }

  static async open(options: ReceiverOptions): Promise<Receiver> {
    const { paths, log } = options;
    return new Receiver(options, await EvictionMemory.open(paths, log), await listPartials(paths));
  }

  /** Where the chunks of the latest downloads came from. */
  get origins(): ChunkOrigins {
    return this.#fetcher.origins;
  }

  /** The download of a blob, while there is one. */
  download(sha256: string): Download | undefined {
    return this.#jobs.get(sha256)?.download;
  }

  downloads(): Download[] {
    return [...this.#jobs.values()].flatMap(({ download }) => download ?? []);
  }

  /** Whether the blob waits or is being fetched. */
  isPending(sha256: string): boolean {
    return this.#jobs.has(sha256) || this.#queue.has(sha256);
  }

  skipReason(sha256: string): string | undefined {
    return this.#skipped.reason(sha256);
  }

  /** What a blob waits for that nobody gives; `undefined` once something of it came. */
  waitsFor(sha256: string): string | undefined {
    return this.#skipped.waitsFor(sha256);
  }

  /** Whether this envoy is meant by the entry. */
  isTarget(entry: ManifestEntry): boolean {
    return this.#options.targets.isTarget(entry.target, this.#options.subject());
  }

  /** A check-in was answered: what was skipped or given up is tried again with the next evaluation. */
  retry(): void {
    this.#skipped.release();
  }

  /** A complete blob turned out to lack a chunk: fetches it. */
  mend(sha256: string): Promise<void> {
    this.#begun.add(sha256);
    return this.evaluate();
  }

  /**
   * Brings what is held and fetched in line with the manifest. Calls follow each other, never overlap; those that come
   * before one has begun share it, since each looks at everything.
   */
  evaluate(): Promise<void> {
    if (this.#awaited) return this.#awaited;
    const done = this.#evaluating.then(() => {
      this.#awaited = undefined;
      return this.#evaluate();
    });
    this.#awaited = done;
    this.#evaluating = done.catch(() => {
      // Whoever asked is told; the next look at the manifest begins afresh.
    });
    return done;
  }

  /** Ends all downloads and keeps what they fetched. */
  async stop(): Promise<void> {
    clearTimeout(this.#fillTimer);
    this.#queue.setWanted([], 0);
    for (const { controller } of this.#jobs.values()) controller.abort();
    await this.#evaluating;
  }

  async #evaluate(): Promise<void> {
    const { store, book, isOpen, now } = this.#options;
    await store.dropMissing();
    await this.#demoteMisfits();
    for (const sha256 of this.#begun) {
      if (book.manifest.isRevoked(sha256)) this.#begun.delete(sha256);
    }
    const { evict, bury, stop, wanted } = decideBlobs({
      manifest: book.manifest,
      held: store.all().map(({ sha256, record }) => ({ sha256, completedMs: record.completedMs })),
      fetching: [...this.#jobs.keys()],
      isOpen: isOpen(),
      knowsServer: book.rosterCursor === "",
      isWanted: (entry) => this.#isWanted(entry),
      nowMs: now(),
    });
    for (const { entry, why } of evict) {
      if (why === "revoked") await this.#evict(entry.sha256, "revoked");
      else {
        const isKnown = (known: string) => book.manifest.effective(known) !== undefined;
        await this.#evicted.remember(entry, isKnown);
        await this.#evict(entry.sha256, "its retention is over");
      }
    }
    for (const sha256 of bury) await this.#bury(sha256);
    for (const { sha256, isRevoked } of stop) {
      const job = this.#jobs.get(sha256);
      if (!job) continue;
      job.revoked = isRevoked;
      job.controller.abort();
    }
    this.#queue.setWanted(wanted, performance.now());
    this.#fill();
  }

  /** What somebody cut short or wrote on is fetched again, whether or not a target still means this envoy. */
  async #demoteMisfits(): Promise<void> {
    const { store, book: { manifest }, log } = this.#options;
    const misfits = await store.demoteMisfits((sha256) =>
      manifest.isLive(sha256) ? manifest.effective(sha256) : undefined
    );
    for (const sha256 of misfits) {
      this.#begun.add(sha256);
      log("error", "a blob has another size on this disk than it should; fetching it again", {
        sha256,
      });
      this.#options.onChange("blob");
    }
  }

  /** Begins as many of the wanted blobs as there are places for, without looking at all that is held. */
  #fill(): void {
    clearTimeout(this.#fillTimer);
    const { book: { manifest }, store, isOpen, scope } = this.#options;
    if (scope.signal.aborted) return;
    const underWay = [...this.#jobs.values()].map(({ entry }) => entry);
    const begin = this.#queue.take(performance.now(), underWay, (entry) => {
      const { sha256, stamp } = entry;
      return isOpen() && manifest.isLive(sha256) && manifest.effective(sha256)?.stamp === stamp &&
        !this.#jobs.has(sha256) && !store.get(sha256) && this.#isWanted(entry);
    });
    for (const entry of begin) this.#begin(entry);
    const nowMs = performance.now();
    const dueMs = this.#queue.dueMs(nowMs);
    if (dueMs < Infinity) this.#fillTimer = setTimeout(() => this.#fill(), dueMs - nowMs + 1);
  }

  #isWanted(entry: ManifestEntry): boolean {
    const { sha256 } = entry;
    if (this.#options.isSeed(sha256) || this.#evicted.covers(entry)) return false;
    if (this.#skipped.isWaiting(sha256, Date.now())) return false;
    return this.#begun.has(sha256) || this.isTarget(entry);
  }

  #begin(entry: ManifestEntry): void {
    const job: Job = {
      entry,
      controller: new AbortController(),
      revoked: false,
      download: undefined,
    };
    this.#jobs.set(entry.sha256, job);
    this.#options.onChange("blob");
    this.#options.scope.run("download", async (signal) => {
      let isComplete = false;
      try {
        isComplete = await this.#run(job, AbortSignal.any([signal, job.controller.signal]));
      } finally {
        this.#jobs.delete(entry.sha256);
        this.#options.onChange("blob");
      }
      if (signal.aborted) return;
      if (isComplete) this.#fill();
      else await this.evaluate();
    });
  }

  /** Says whether the blob is here as a whole now. */
  async #run(job: Job, signal: AbortSignal): Promise<boolean> {
    const { entry } = job;
    const { log } = this.#options;
    try {
      layoutOf(entry);
    } catch (error) {
      return this.#skip(entry, String(error), Infinity);
    }
    if (await this.#fetcher.resurrect(entry)) return true;
    const verdict = await this.#fetcher.checkDisk(entry);
    if (!verdict.ok) return this.#skip(entry, verdict.reason, DISK_RETRY_MS);
    if (signal.aborted) return false;
    const download = this.#fetcher.makeDownload(entry);
    job.download = download;
    const { sha256, label } = entry;
    log("info", "download started", { sha256, label, sizeBytes: entry.sizeBytes });
    const result = await download.run(signal);
    const { sources, corruptChunks } = download;
    if (job.revoked) await download.discard();
    else if (download.partial) this.#begun.add(sha256);
    switch (result.kind) {
      case "complete":
        this.#skipped.remove(sha256);
        this.#begun.delete(sha256);
        log("info", "download complete", { sha256, label, sources, corruptChunks });
        return true;
      case "skipped":
        return this.#skip(entry, result.reason, DISK_RETRY_MS);
      case "no_progress":
        log("info", "download gave up for now", { sha256, label, reason: result.reason });
        this.#skipped.addWaiting(sha256, result.reason, Date.now(), RETRY_MS);
        return false;
      case "broken":
        return this.#skip(entry, "its digests contradict each other", Infinity);
      case "cancelled":
        return false;
    }
  }

  #skip(entry: ManifestEntry, reason: string, pauseMs: number): false {
    const { sha256, label } = entry;
    // Each check-in tries again, and the same reason is no news.
    if (reason !== this.#skipped.reason(sha256)) {
      this.#options.log("warning", "download skipped", { sha256, label, reason });
    }
    this.#skipped.add(sha256, reason, Date.now(), pauseMs);
    return false;
  }

  async #bury(sha256: string): Promise<void> {
    const { paths, store, log } = this.#options;
    if (isSha256(sha256)) await buryBlob(paths, sha256);
    await store.remove(sha256);
    log("info", "moved a blob to the graveyard: its seeder may seed no more", { sha256 });
    this.#options.onChange("blob");
  }

  async #evict(sha256: string, reason: string): Promise<void> {
    await this.#options.store.remove(sha256);
    this.#options.log("info", "evicted a blob", { sha256, reason });
    this.#options.onChange("blob");
  }
}
