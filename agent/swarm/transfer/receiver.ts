import { z } from "zod";
import { writeFileDurable } from "../../../shared/platform/durable_write.ts";
import { layoutOf } from "../../../shared/swarm/chunk_layout.ts";
import { downloadJitterMs } from "../../../shared/swarm/download_jitter.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import type { TargetDecision } from "../../../shared/swarm/target_decision.ts";
import type { TargetSubject } from "../../../shared/targeting/target_subject.ts";
import type { BlobStore } from "../blobs/blob_store.ts";
import { readIfPresent, removeIfPresent } from "../blobs/chunk_file.ts";
import { type DiskVerdict, judgeDisk, readDiskSpace } from "../blobs/disk_gate.ts";
import { Download } from "./download.ts";
import type { EngineLog } from "../engine/engine_log.ts";
import type { Hasher } from "../hashing/hasher.ts";
import type { ManifestBook } from "../manifest/manifest_book.ts";
import type { PeerClient } from "../peers/peer_client.ts";
import type { ProvenPeer } from "../peers/peer_registry.ts";
import type { SwarmPaths } from "../swarm_paths.ts";
import { pause, type TaskScope } from "../engine/task_scope.ts";

/** Blobs fetched at once; the others wait in the order of their stamps. */
const MAX_DOWNLOADS = 4;
/** Pause before a download that gave up is tried again. */
const RETRY_MS = 5_000;
/** Pause before a download that the disk refused is tried again. */
const DISK_RETRY_MS = 60_000;

export interface ReceiverOptions {
  readonly paths: SwarmPaths;
  readonly store: BlobStore;
  readonly book: ManifestBook;
  readonly client: PeerClient;
  readonly hasher: Hasher;
  readonly targets: TargetDecision;
  readonly scope: TaskScope;
  readonly hostname: string;
  readonly minFreePercent: number;
  readonly now: () => number;
  readonly subject: () => TargetSubject;
  /** Whether the gates let this envoy fetch. */
  readonly isOpen: () => boolean;
  /** Whether this envoy originates the blob, so that there is nothing to fetch. */
  readonly isSeed: (sha256: string) => boolean;
  readonly candidates: (sha256: string) => readonly ProvenPeer[];
  readonly onPeerFailure: (uuid: string) => void;
  readonly takeBandwidth: (sizeBytes: number, signal: AbortSignal) => Promise<void>;
  /** Called when a blob was begun, advanced, completed or removed. */
  readonly onChange: (kind: "chunk" | "blob") => void;
  readonly log: EngineLog;
}

interface Job {
  readonly entry: ManifestEntry;
  readonly controller: AbortController;
  /** Whether what was fetched is to be thrown away at the end: the blob was revoked. */
  revoked: boolean;
  download: Download | undefined;
}

const evictedSchema = z.record(z.string(), z.number());

/** Decides by itself which blobs this envoy should hold, fetches them, and lets go of those it should not. */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #jobs = new Map<string, Job>();
  /** Blobs that could not be fetched, with the reason and when to try again. */
  readonly #skipped = new Map<string, { readonly reason: string; readonly retryMs: number }>();
  /** Stamps of blobs whose retention is over: only a newer stamp brings them back. */
  #evicted = new Map<string, number>();
  #evaluating: Promise<void> = Promise.resolve();

  private constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  static async open(options: ReceiverOptions): Promise<Receiver> {
    const receiver = new Receiver(options);
    const bytes = await readIfPresent(receiver.#evictedPath);
    try {
      const evicted = bytes && evictedSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
      receiver.#evicted = new Map(Object.entries(evicted ?? {}));
    } catch {
      options.log("warning", "cannot read which blobs were evicted by age", {});
    }
    return receiver;
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
    return this.#jobs.has(sha256);
  }

  skipReason(sha256: string): string | undefined {
    return this.#skipped.get(sha256)?.reason;
  }

  /** Whether this envoy is meant by the entry. */
  isTarget(entry: ManifestEntry): boolean {
    return this.#options.targets.isTarget(entry.target, this.#options.subject());
  }

  /** Brings what is held and fetched in line with the manifest. Calls follow each other, never overlap. */
  evaluate(): Promise<void> {
    const done = this.#evaluating.then(() => this.#evaluate());
    this.#evaluating = done.catch(() => {
      // Whoever asked is told; the next look at the manifest begins afresh.
    });
    return done;
  }

  /** Ends all downloads and keeps what they fetched. */
  async stop(): Promise<void> {
    for (const { controller } of this.#jobs.values()) controller.abort();
    await this.#evaluating;
  }

  async #evaluate(): Promise<void> {
    const { store, book } = this.#options;
    await store.dropMissing();
    for (const { sha256, record } of store.all()) {
      const entry = book.manifest.effective(sha256);
      if (entry && !book.manifest.isLive(sha256)) await this.#evict(sha256, "revoked");
      else if (entry && isOver(entry, record.completedMs, this.#options.now())) {
        await this.#rememberEvicted(sha256, entry.stamp);
        await this.#evict(sha256, "its retention is over");
      }
    }
    for (const [sha256, job] of this.#jobs) {
      if (book.manifest.isLive(sha256) && this.#options.isOpen()) continue;
      job.revoked = book.manifest.isRevoked(sha256);
      job.controller.abort();
    }
    const wanted = [...book.manifest.blobs()].filter((entry) => this.#isWanted(entry))
      .sort((one, other) => one.stamp - other.stamp);
    for (const entry of wanted) {
      if (this.#jobs.size >= MAX_DOWNLOADS) break;
      this.#begin(entry);
    }
  }

  #isWanted(entry: ManifestEntry): boolean {
    const { store, book, isOpen, isSeed } = this.#options;
    const { sha256 } = entry;
    if (!isOpen() || !book.manifest.isLive(sha256)) return false;
    if (store.get(sha256) || isSeed(sha256) || this.#jobs.has(sha256)) return false;
    if ((this.#evicted.get(sha256) ?? -1) >= entry.stamp) return false;
    if ((this.#skipped.get(sha256)?.retryMs ?? 0) > Date.now()) return false;
    return this.isTarget(entry);
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
      try {
        await this.#run(job, AbortSignal.any([signal, job.controller.signal]));
      } finally {
        this.#jobs.delete(entry.sha256);
        this.#options.onChange("blob");
      }
      if (!signal.aborted) await this.evaluate();
    });
  }

  async #run(job: Job, signal: AbortSignal): Promise<void> {
    const { entry } = job;
    const { hostname, log } = this.#options;
    await pause(downloadJitterMs(hostname, entry.sha256), signal);
    try {
      layoutOf(entry);
    } catch (error) {
      return this.#skip(entry, String(error), Infinity);
    }
    if (await this.#resurrect(entry)) return;
    const verdict = await this.#checkDisk(entry);
    if (!verdict.ok) return this.#skip(entry, verdict.reason, DISK_RETRY_MS);
    if (signal.aborted) return;
    const download = this.#makeDownload(job);
    job.download = download;
    const { sha256, label } = entry;
    log("info", "download started", { sha256, label, sizeBytes: entry.sizeBytes });
    const result = await download.run(signal);
    const sources = download.sources;
    if (job.revoked) await download.discard();
    switch (result.kind) {
      case "complete":
        this.#skipped.delete(sha256);
        return log("info", "download complete", { sha256, label, sources });
      case "skipped":
        return this.#skip(entry, result.reason, DISK_RETRY_MS);
      case "no_progress":
        log("info", "download gave up for now", { sha256, label, reason: result.reason });
        return this.#skip(entry, "", RETRY_MS);
      case "broken":
        return this.#skip(entry, "its digests contradict each other", Infinity);
      case "cancelled":
        return;
    }
  }

  /** A blob that was seeded here and revoked lies in the graveyard: verified, it need not travel again. */
  async #resurrect(entry: ManifestEntry): Promise<boolean> {
    const { paths, hasher, store, log } = this.#options;
    const grave = `${paths.graveyard}/${entry.sha256}`;
    try {
      await Deno.lstat(grave);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
    const scan = await hasher.scan(grave, entry.chunkSizeBytes);
    if (scan.sha256 !== entry.sha256) {
      await removeIfPresent(grave);
      return false;
    }
    await store.keepDigests(entry.sha256, scan.digests);
    await Deno.rename(grave, paths.blob(entry.sha256));
    await removeIfPresent(`${grave}.swarm`);
    await store.add(entry.sha256, {
      stamp: entry.stamp,
      sources: { cached: layoutOf(entry).count },
      activeDownloadMs: 0,
      completedMs: Date.now(),
    });
    log("info", "took a blob back from the graveyard", { sha256: entry.sha256 });
    return true;
  }

  #makeDownload({ entry }: Job): Download {
    const { paths, store, client, hasher, log } = this.#options;
    return new Download({
      entry,
      paths,
      store,
      client,
      hasher,
      log,
      candidates: () => this.#options.candidates(entry.sha256),
      onPeerFailure: this.#options.onPeerFailure,
      onProgress: () => this.#options.onChange("chunk"),
      checkDisk: () => this.#checkDisk(entry),
      takeBandwidth: this.#options.takeBandwidth,
    });
  }

  async #checkDisk(entry: ManifestEntry): Promise<DiskVerdict> {
    const { paths, minFreePercent } = this.#options;
    let promisedBytes = 0;
    let neededBytes = entry.sizeBytes;
    for (const { partial, entry: other } of this.downloads()) {
      if (!partial) continue;
      const leftBytes = (partial.layout.count - partial.chunks.count) *
        partial.layout.chunkSizeBytes;
      if (other.sha256 === entry.sha256) neededBytes = leftBytes;
      else promisedBytes += leftBytes;
    }
    const space = await readDiskSpace(paths.blobs);
    return judgeDisk(space, { neededBytes, promisedBytes, minFreePercent });
  }

  #skip(entry: ManifestEntry, reason: string, retryMs: number): void {
    if (reason !== "") {
      const { sha256, label } = entry;
      this.#options.log("warning", "download skipped", { sha256, label, reason });
    }
    this.#skipped.set(entry.sha256, { reason, retryMs: Date.now() + retryMs });
  }

  async #evict(sha256: string, reason: string): Promise<void> {
    await this.#options.store.remove(sha256);
    this.#options.log("info", "evicted a blob", { sha256, reason });
    this.#options.onChange("blob");
  }

  get #evictedPath(): string {
    return `${this.#options.paths.blobs}/evicted.json`;
  }

  async #rememberEvicted(sha256: string, stamp: number): Promise<void> {
    this.#evicted.set(sha256, stamp);
    // What the manifest has forgotten needs no memory here either.
    for (const known of [...this.#evicted.keys()]) {
      if (!this.#options.book.manifest.effective(known)) this.#evicted.delete(known);
    }
    const content = JSON.stringify(Object.fromEntries(this.#evicted));
    await writeFileDurable(this.#evictedPath, content, { mode: 0o600 });
  }
}

function isOver({ retentionSecs }: ManifestEntry, completedMs: number, nowMs: number): boolean {
  return retentionSecs > 0 && nowMs > completedMs + retentionSecs * 1000;
}
