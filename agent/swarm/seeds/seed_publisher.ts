import type { ManifestEntry, UnsignedManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import type { EngineLog } from "../runtime/engine_log.ts";
import type { ManifestBook } from "../manifest/manifest_book.ts";
import type { FoundSeed } from "./seed_folder.ts";
import type { SeedRecord } from "./seed_record.ts";

/** A record whose digests were checked to be such. */
export type KnownSeed = SeedRecord & Pick<ManifestEntry, "sha256" | "chunksDigest">;

export interface SeedPublisherOptions {
  readonly book: ManifestBook;
  readonly author: string;
  readonly hostname: string;
  readonly now: () => number;
  /** Has the daemon sign an entry of this envoy. */
  readonly sign: (entry: UnsignedManifestEntry) => Promise<ManifestEntry>;
  readonly log: EngineLog;
}

/** What was said of a seed: part of the manifest at once, durable and announced when `said` settles. */
export interface Registered {
  readonly entry: ManifestEntry;
  readonly said: Promise<unknown>;
}

/** Says in this envoy's name what its seeds are. */
export class SeedPublisher {
  readonly #options: SeedPublisherOptions;

  constructor(options: SeedPublisherOptions) {
    this.#options = options;
  }

  /** @param createdMs that of the active entry which this one changes; absent for a new one. */
  async register(
    { name, identity, target, retentionSecs }: FoundSeed,
    { sha256, chunkSizeBytes, chunksDigest }: KnownSeed,
    createdMs: number | undefined,
  ): Promise<Registered> {
    const { author, hostname, now, log } = this.#options;
    const registered = await this.#publish({
      sha256,
      sizeBytes: identity.sizeBytes,
      chunkSizeBytes,
      chunksDigest,
      label: name,
      target,
      retentionSecs,
      subsystem: "payload",
      origin: hostname,
      createdMs: createdMs ?? Math.floor(now()),
      state: "active",
      author,
    });
    const what = createdMs === undefined ? "registered a seed" : "changed a seed";
    log("info", what, { label: name, sha256, target });
    return registered;
  }

  /** Revokes this envoy's word for a blob, if it stands; durable and announced when this returns. */
  async revoke(sha256: string): Promise<void> {
    const { book, author } = this.#options;
    const own = book.manifest.cell(sha256, author);
    if (own?.state !== "active") return;
    const { signature: _signature, stamp: _stamp, ...facts } = own;
    const { said } = await this.#publish({ ...facts, state: "revoked" });
    await said;
  }

  async #publish(entry: Omit<UnsignedManifestEntry, "stamp">): Promise<Registered> {
    const { book, sign, now } = this.#options;
    const stamp = book.manifest.nextStamp(Math.floor(now()));
    const signed = await sign({ ...entry, stamp });
    return { entry: signed, said: book.receive([signed]) };
  }
}
