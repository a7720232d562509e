import { layoutOf } from "../../../shared/swarm/chunk_layout.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { type DiskVerdict, judgeDisk, readDiskSpace, roomFor } from "../blobs/disk_gate.ts";
import { exhume } from "../seeds/graveyard.ts";
import { BenchList } from "../peers/bench_list.ts";
import { ChunkMemory } from "./chunk_memory.ts";
import { ChunkOrigins } from "./chunk_origins.ts";
import { Download } from "./download.ts";
import type { ReceiverOptions } from "./receiver_options.ts";

/** What is known of all downloads together. */
export interface DownloadsUnderWay {
  readonly downloads: () => readonly Download[];
  /** Something of this blob has come. */
  readonly onProgress: (sha256: string) => void;
}

/** The ways in which a blob comes here: back from the graveyard, or from others, as long as the disk has room. */
export class BlobFetcher {
  /** Where the chunks of the latest downloads came from. */
  readonly origins = new ChunkOrigins();
  readonly #options: ReceiverOptions;
  readonly #underWay: DownloadsUnderWay;
  readonly #benches = new BenchList();
  readonly #memory = new ChunkMemory();

  constructor(options: ReceiverOptions, underWay: DownloadsUnderWay) {
    this.#options = options;
    this.#underWay = underWay;
  }

  /** A blob that was seeded here and revoked lies in the graveyard: verified, it need not travel again. */
  async resurrect({ sha256, stamp, ...entry }: ManifestEntry): Promise<boolean> {
    const { paths, hasher, store, log } = this.#options;
    const isBack = await exhume(
      paths,
      sha256,
      (grave) => hasher.scan(grave, entry.chunkSizeBytes),
      (digests) => store.keepDigests(sha256, digests),
    );
    if (!isBack) return false;
    const sources = { cached: layoutOf(entry).count };
    await store.add(sha256, { stamp, sources, activeDownloadMs: 0, completedMs: Date.now() });
    log("info", "took a blob back from the graveyard", { sha256 });
    return true;
  }

  /** A download of the blob, not yet begun. */
  makeDownload(entry: ManifestEntry): Download {
    const { paths, store, client, hasher, log } = this.#options;
    return new Download({
      entry,
      paths,
      store,
      client,
      hasher,
      log,
      candidates: () => this.#options.candidates(entry.sha256),
      server: this.#options.server,
      origins: this.origins,
      onPeerFailure: this.#options.onPeerFailure,
      onCorruption: (uuid) => this.#benches.bench(uuid, performance.now()),
      isBenched: (uuid) => this.#benches.has(uuid, performance.now()),
      onProgress: () => this.#underWay.onProgress(entry.sha256),
      checkDisk: () => this.checkDisk(entry),
      takeBandwidth: this.#options.takeBandwidth,
      memory: this.#memory,
    });
  }

  /** Whether there is room for the blob beside what is promised to the downloads under way. */
  async checkDisk(entry: ManifestEntry): Promise<DiskVerdict> {
    const { paths, minFreePercent } = this.#options;
    const unwritten = this.#underWay.downloads().flatMap(({ partial, entry: { sha256 } }) => {
      if (!partial) return [];
      const { layout, chunks } = partial;
      return [{ sha256, leftBytes: (layout.count - chunks.count) * layout.chunkSizeBytes }];
    });
    const space = await readDiskSpace(paths.blobs);
    return judgeDisk(space, { ...roomFor(entry, unwritten), minFreePercent });
  }
}
