import { writeFileDurable } from "../../../shared/platform/durable_write.ts";
import { Manifest } from "../../../shared/swarm/manifest.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { compareCells } from "../../../shared/swarm/manifest_order.ts";
import type { ManifestTrust } from "../../../shared/swarm/manifest_trust.ts";
import { EntryVerifier } from "../../../shared/swarm/verify_entry.ts";
import type { EngineLog } from "../engine/engine_log.ts";
import { readManifest } from "../mirror.ts";
import { type ManifestPage, MAX_PAGE_ENTRIES } from "../peers/peer_api.ts";
import type { SwarmPaths } from "../swarm_paths.ts";

/** The manifest is written at most once in this time, except for what must be durable before it is told. */
const WRITE_PAUSE_MS = 1000;

export interface ManifestBookOptions {
  readonly paths: SwarmPaths;
  readonly trust: ManifestTrust;
  /** This envoy's own key, hex. */
  readonly author: string;
  /** Name of this engine start; peers' cursors are bound to it. */
  readonly instance: string;
  /** Time in ms, corrected to the server's clock. */
  readonly now: () => number;
  readonly onChange: (entries: readonly ManifestEntry[]) => void;
  readonly log: EngineLog;
}

/** The manifest with its file, its signatures checked. */
export class ManifestBook {
  readonly manifest: Manifest;
  readonly #options: ManifestBookOptions;
  readonly #verifier = new EntryVerifier();
  #forged = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(options: ManifestBookOptions) {
    this.#options = options;
    this.manifest = new Manifest(options.trust);
  }

  /** Opens the manifest of the last run. A file that cannot be read is an error to log, and peers fill a new one. */
  static async open(options: ManifestBookOptions): Promise<ManifestBook> {
    const book = new ManifestBook(options);
    const file = await readManifest(options.paths.root);
    if (file.ok) {
      const verified = file.value.entries.filter((entry) => book.#verifier.verify(entry));
      // What this envoy already believed is no resurrection, however old it is.
      book.manifest.merge(verified, { nowMs: options.now(), fromServer: true });
    } else if (!file.reason.includes("does not exist")) {
      options.log("error", "cannot read the manifest of the last run", { reason: file.reason });
    }
    return book;
  }

  /** Entries whose signature did not verify, since the start. */
  get forged(): number {
    return this.#forged;
  }

  /**
   * Verifies and merges cells. Revocations and this envoy's own cells are durable when this returns.
   *
   * @returns The cells that were news.
   */
  async receive(
    entries: readonly ManifestEntry[],
    fromServer = false,
  ): Promise<readonly ManifestEntry[]> {
    const news = entries.filter((entry) => {
      const known = this.manifest.cell(entry.sha256, entry.author);
      if (known && compareCells(entry, known) <= 0) return false;
      if (this.#verifier.verify(entry)) return true;
      this.#forged += 1;
      return false;
    });
    const wasLive = new Set(
      news.map(({ sha256 }) => sha256).filter((sha256) => this.manifest.isLive(sha256)),
    );
    const changed = this.manifest.merge(news, { nowMs: this.#options.now(), fromServer });
    // A revocation from the future is not merged and still ends a blob.
    const ended = news.filter(({ sha256 }) => wasLive.has(sha256) && !this.manifest.isLive(sha256));
    const told = [...new Set([...changed, ...ended])];
    if (news.length > 0) await this.#save(changed);
    if (told.length > 0) this.#options.onChange(told);
    return changed;
  }

  setTrust(trust: ManifestTrust): void {
    const changed = this.manifest.setTrust(trust);
    if (changed.length === 0) return;
    this.#schedule();
    this.#options.onChange(changed);
  }

  /** A page for a peer that names the cursor `since`, as in `instance:17`; an unknown one gets everything. */
  page(since: string, fleetSerial: number): ManifestPage {
    const { instance } = this.#options;
    const [name, counter = ""] = since.split(":");
    const from = name === instance && /^\d{1,15}$/.test(counter) ? Number(counter) : 0;
    const { entries, next, more } = this.manifest.since(from, MAX_PAGE_ENTRIES);
    return { instance, next, more, fleetSerial, entries };
  }

  prune(): readonly string[] {
    const forgotten = this.manifest.pruneRevoked(this.#options.now());
    if (forgotten.length > 0) this.#schedule();
    return forgotten;
  }

  async close(): Promise<void> {
    if (this.#timer !== undefined) await this.#write();
    await this.#writing;
  }

  async #save(changed: readonly ManifestEntry[]): Promise<void> {
    const { author } = this.#options;
    const isUrgent = changed.some((entry) => entry.state === "revoked" || entry.author === author);
    if (isUrgent) await this.#write();
    else this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#write().catch((error: unknown) =>
        this.#options.log("error", "cannot write the manifest", { reason: String(error) })
      );
    }, WRITE_PAUSE_MS);
  }

  #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const done = this.#writing.then(() => {
      const content = { schema: 1, digest: this.manifest.digest(), entries: this.manifest.all() };
      const { manifest } = this.#options.paths;
      return writeFileDurable(manifest, JSON.stringify(content), { mode: 0o644 });
    });
    this.#writing = done.catch(() => {
      // Whoever asked for this write is told; the next one writes everything again.
    });
    return done;
  }
}
