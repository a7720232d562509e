import { Bitmap } from "../../../shared/swarm/bitmap.ts";
import { layoutOf } from "../../../shared/swarm/chunk_layout.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import type { BlobStore } from "../blobs/blob_store.ts";
import { readChunk } from "../blobs/chunk_file.ts";
import { verifyChunk } from "../blobs/verify_chunk.ts";
import type { AnnounceFacts } from "../discovery/announcer.ts";
import type { EngineLog } from "../runtime/engine_log.ts";
import type { ManifestBook } from "../manifest/manifest_book.ts";
import type { RecheckVerdict, ServedBlob } from "../peers/peer_routes.ts";
import type { SeedKeeper } from "../seeds/seed_keeper.ts";
import { GivenChunks } from "../peers/given_chunks.ts";
import type { Receiver } from "./receiver.ts";
import { RecheckLimits } from "./recheck_limits.ts";

export interface HeldContentOptions {
  readonly book: ManifestBook;
  readonly store: BlobStore;
  readonly seeds: SeedKeeper;
  readonly receiver: Receiver;
  /** Whether the gates let this envoy serve. */
  readonly isOpen: () => boolean;
  readonly log: EngineLog;
}

/** Everything this envoy could give to others, whether it is stored, seeded or still in flight. */
export class HeldContent {
  readonly #options: HeldContentOptions;
  /** What was given of which blob. */
  readonly #given = new Map<string, GivenChunks>();
  /** Chunks of seeds that are damaged on disk. A seed is a person's file and is never mended; a start looks anew. */
  readonly #damagedSeeds = new Map<string, Set<number>>();
  readonly #limits = new RecheckLimits();

  constructor(options: HeldContentOptions) {
    this.#options = options;
  }

  /** Whether the blob is here as a whole. */
  isComplete(sha256: string): boolean {
    const { store, seeds } = this.#options;
    return store.get(sha256) !== undefined || seeds.has(sha256);
  }

  /** Whether anything of the blob is here. */
  holds(sha256: string): boolean {
    return this.isComplete(sha256) || this.#partial(sha256) !== undefined;
  }

  /** Live entries whose content is here as a whole. */
  complete(): ManifestEntry[] {
    const { manifest } = this.#options.book;
    return [...manifest.blobs()].filter(({ sha256 }) =>
      manifest.isLive(sha256) && this.isComplete(sha256)
    );
  }

  /** A blob was revoked: nothing of it is remembered here. */
  forget(sha256: string): void {
    this.#given.delete(sha256);
    this.#damagedSeeds.delete(sha256);
  }

  /** What can be given of a blob now. */
  async serve(sha256: string): Promise<ServedBlob | "unknown" | "revoked"> {
    const { book: { manifest }, store, seeds, isOpen } = this.#options;
    if (manifest.isRevoked(sha256)) return "revoked";
    const entry = manifest.effective(sha256);
    if (!entry || !isOpen()) return "unknown";
    const path = store.get(sha256)?.path ?? await seeds.servablePath(sha256);
    if (path === undefined) return this.#servePartial(sha256);
    const digests = await store.digests(entry);
    if (!digests) return "unknown";
    const layout = layoutOf(entry);
    const chunks = Bitmap.full(layout.count);
    for (const chunk of this.#damagedSeeds.get(sha256) ?? []) chunks.clear(chunk);
    const given = this.#givenOf(sha256, layout.count);
    return { layout, chunks, path, digests, given, isSeed: seeds.has(sha256) };
  }

  /**
   * Somebody got wrong bytes of a chunk: reads it again, and lets go of it if it is damaged. A blob in flight fetches it
   * anew, a complete one becomes one in flight, and of a seed the chunk is not offered any more.
   */
  async recheck(sha256: string, chunk: number): Promise<RecheckVerdict> {
    const served = await this.serve(sha256);
    if (served === "unknown" || served === "revoked") return served;
    if (chunk >= served.layout.count || !served.chunks.has(chunk)) return "unknown";
    if (!this.#limits.take(sha256, chunk, Date.now())) return "busy";
    const { store, receiver, book, log } = this.#options;
    const download = receiver.download(sha256);
    const stored = store.get(sha256);
    const isSound = download?.partial && !stored
      ? await download.recheck(chunk)
      : verifyChunk(served.digests, chunk, await readChunk(served.path, served.layout, chunk));
    if (isSound) return "sound";
    log("error", "a chunk is damaged on this disk and is not served any more", { sha256, chunk });
    const entry = book.manifest.effective(sha256);
    if (stored && entry) {
      await store.demote(entry, chunk);
      await receiver.mend(sha256);
    } else if (!download?.partial) {
      const damaged = this.#damagedSeeds.get(sha256) ?? new Set();
      this.#damagedSeeds.set(sha256, damaged.add(chunk));
    }
    return "damaged";
  }

  /** What to tell the LAN: blobs held, in flight and newest first, and those that nobody is known to hold. */
  announceFacts(): AnnounceFacts {
    const { book: { manifest }, receiver } = this.#options;
    const held = [...manifest.blobs()].filter(({ sha256 }) => manifest.isLive(sha256))
      .sort((one, other) => other.stamp - one.stamp)
      .flatMap((entry) => this.#announced(entry) ?? []);
    const wanted = receiver.downloads().filter(({ holders }) => holders.length === 0)
      .map(({ entry }) => entry.sha256);
    return { manifestDigest: manifest.digest(), held, wanted };
  }

  /** Changes when a blob is begun or completed: what is worth an early announcement, unlike every single chunk. */
  get outline(): string {
    const { store, seeds, receiver } = this.#options;
    const inFlight = receiver.downloads().filter(({ partial }) => partial).length;
    return `${store.size + seeds.size} ${inFlight}`;
  }

  #announced(entry: ManifestEntry): AnnounceFacts["held"][number] | undefined {
    const { sha256 } = entry;
    if (this.isComplete(sha256)) {
      const total = layoutOf(entry).count;
      return { sha256, have: total, total };
    }
    const chunks = this.#partial(sha256)?.chunks;
    return chunks && { sha256, have: chunks.count, total: chunks.length };
  }

  #servePartial(sha256: string): ServedBlob | "unknown" {
    const partial = this.#partial(sha256);
    if (!partial) return "unknown";
    const { layout, chunks, dataPath, digests } = partial;
    const given = this.#givenOf(sha256, layout.count);
    return { layout, chunks, path: dataPath, digests, given, isSeed: false };
  }

  #partial(sha256: string) {
    return this.#options.receiver.download(sha256)?.partial;
  }

  #givenOf(sha256: string, count: number): GivenChunks {
    const known = this.#given.get(sha256);
    if (known?.bits.length === count) return known;
    const given = new GivenChunks(count);
    this.#given.set(sha256, given);
    return given;
  }
}
