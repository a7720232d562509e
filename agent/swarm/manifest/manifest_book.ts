import { writeFileDurable } from "../../../shared/platform/durable_write.ts";
import { Manifest } from "../../../shared/swarm/manifest.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { compareCells } from "../../../shared/swarm/manifest_order.ts";
import type { ManifestTrust } from "../../../shared/swarm/manifest_trust.ts";
import { EntryVerifier } from "../../../shared/swarm/verify_entry.ts";
import type { EngineLog } from "../runtime/engine_log.ts";
import { type ManifestFile, readManifest } from "../mirror.ts";
import { type ManifestPage, MAX_PAGE_ENTRIES } from "../peers/peer_api.ts";
import type { SwarmPaths } from "../swarm_paths.ts";
import { type RosterPage, ServerRoster } from "./server_roster.ts";
import { SyncTracker } from "./sync_marks.ts";

/** The manifest is written at most once in this time, except for what must be durable before it is told. */
const WRITE_PAUSE_MS = 1000;
/** How stale the file's marks of the last comparison may be: little beside the days that they are for. */
const MARKS_WRITE_MS = 3_600_000;

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
  /** Entries that are not believed any more, since the server does not know them. */
  readonly onDropped: (entries: readonly ManifestEntry[]) => void;
  /** Entries that do not stand and that nobody revoked: their author may say them again under a new stamp. */
  readonly onUnsaid: (entries: readonly ManifestEntry[]) => void;
  readonly log: EngineLog;
}

/** The manifest with its file, its signatures checked. */
export class ManifestBook {
  readonly manifest: Manifest;
  readonly #options: ManifestBookOptions;
  readonly #verifier = new EntryVerifier();
  readonly #roster = new ServerRoster();
  #sync: SyncTracker;
  #markedMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** A write that was asked for and has not begun: it writes what whoever asks now has to say, too. */
  #awaited: Promise<void> | undefined;

  private constructor(options: ManifestBookOptions) {
    this.#options = options;
    this.manifest = new Manifest(options.trust);
    this.#sync = new SyncTracker(undefined, options.now());
  }

  /** Opens the manifest of the last run. A file that cannot be read is an error to log, and peers fill a new one. */
  static async open(options: ManifestBookOptions): Promise<ManifestBook> {
    const book = new ManifestBook(options);
    const file = await readManifest(options.paths.root);
    if (file.ok) {
      const verified = file.value.entries.filter((entry) => book.#verifier.verify(entry));
      // What this envoy already believed is no resurrection, however old it is.
      book.manifest.merge(verified, { nowMs: options.now(), fromServer: true });
      book.#sync = new SyncTracker(file.value, options.now());
    } else if (file.isAbsent !== true) {
      options.log("error", "cannot read the manifest of the last run", { reason: file.reason });
    }
    return book;
  }

  /** Why this envoy must neither seed, serve nor gossip until it has the server's manifest; `undefined` if it may. */
  get quietReason(): string | undefined {
    return this.#sync.quietReason(this.#options.now());
  }

  /** Cursor of the page of the server's whole manifest that is wanted next; empty if none is. */
  get rosterCursor(): string {
    return this.#sync.wantsRoster(this.#options.now()) ? this.#roster.cursor : "";
  }

  /** A peer's manifest was read to its end. */
  notePeerSync(): void {
    this.#sync.notePeer(this.#options.now());
    this.#keepMarks();
  }

  /** The server answered a check-in. */
  noteServerContact(): void {
    this.#sync.noteServer(this.#options.now());
    this.#keepMarks();
  }

  /** The clock was corrected: what was stamped or merged in a future that is none must not stay there. */
  noteClock(): void {
    const ahead = this.manifest.dropFuture(this.#options.now());
    if (ahead.length === 0) return;
    this.#schedule();
    this.#options.onUnsaid(ahead);
  }

  /**
   * Takes a page of the server's whole manifest. With the last one, entries that only this envoy believed are judged
   * again; that is durable when this returns.
   */
  async takeRoster(page: RosterPage): Promise<void> {
    await this.receive(page.entries, true);
    const roster = this.#roster.take(page);
    if (!roster) return;
    const nowMs = this.#options.now();
    const verified = roster.filter((entry) => {
      const known = this.manifest.cell(entry.sha256, entry.author);
      return (known && compareCells(entry, known) === 0) || this.#verifier.verify(entry);
    });
    // What an envoy that was not away has said since the server last answered, the server may never have heard.
    const heardMs = this.quietReason === undefined ? this.#sync.marks.serverMs : undefined;
    const { changed, dropped } = this.manifest.rebase(verified, nowMs);
    const isUnheard = ({ author, stamp }: ManifestEntry) =>
      author === this.#options.author && heardMs !== undefined && stamp > heardMs;
    this.#sync.noteRebased(nowMs);
    await this.#write();
    this.#options.log("info", "rebased on the server's manifest", {
      entries: verified.length,
      dropped: dropped.length,
    });
    if (changed.length > 0) this.#options.onChange(changed);
    const [unheard = [], forgotten = []] = [true, false]
      .map((wanted) => dropped.filter((entry) => isUnheard(entry) === wanted));
    if (unheard.length > 0) this.#options.onUnsaid(unheard);
    if (forgotten.length > 0) this.#options.onDropped(forgotten);
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
    const news = entries.filter((entry) => this.#isNews(entry) && this.#verifier.verify(entry));
    return await this.#take(news, fromServer);
  }

  /**
   * The same for what a peer passes on. Nothing is read past the first entry that is forged.
   *
   * @returns Whether there was one, and how many of the others are of authors who may not say that.
   */
  async receiveFromPeer(
    entries: readonly ManifestEntry[],
  ): Promise<{ readonly forged: boolean; readonly strange: number }> {
    const unknown = entries.filter((entry) => this.#isNews(entry));
    const end = unknown.findIndex((entry) => !this.#verifier.verify(entry));
    const news = end < 0 ? unknown : unknown.slice(0, end);
    await this.#take(news, false);
    const strange = news.filter((entry) => !this.manifest.allows(entry)).length;
    return { forged: end >= 0, strange };
  }

  #isNews(entry: ManifestEntry): boolean {
    const known = this.manifest.cell(entry.sha256, entry.author);
    return !known || compareCells(entry, known) > 0;
  }

  async #take(
    news: readonly ManifestEntry[],
    fromServer: boolean,
  ): Promise<readonly ManifestEntry[]> {
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

  /** Takes in revocations whose time has come, and forgets old ones, unless this envoy cannot tell what time it is for the others. */
  prune(): readonly string[] {
    if (this.quietReason !== undefined) return [];
    const ripe = this.manifest.mergeRipe(this.#options.now());
    if (ripe.length > 0) {
      this.#schedule();
      this.#options.onChange(ripe);
    }
    const forgotten = this.manifest.pruneRevoked(this.#options.now());
    if (forgotten.length > 0) this.#schedule();
    return forgotten;
  }

  async close(): Promise<void> {
    if (this.#timer !== undefined || this.#markedMs !== -Infinity) await this.#write();
    await this.#writing;
  }

  #keepMarks(): void {
    if (Math.abs(this.#options.now() - this.#markedMs) >= MARKS_WRITE_MS) this.#schedule();
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
    if (this.#awaited) return this.#awaited;
    const done = this.#writing.then(() => {
      this.#awaited = undefined;
      const { paths: { manifest }, now } = this.#options;
      this.#markedMs = now();
      const content: ManifestFile = {
        schema: 1,
        digest: this.manifest.digest(),
        ...this.#sync.marks,
        entries: this.manifest.all(),
      };
      return writeFileDurable(manifest, JSON.stringify(content), { mode: 0o644 });
    });
    this.#awaited = done;
    this.#writing = done.catch(() => {
      // Whoever asked for this write is told; the next one writes everything again.
    });
    return done;
  }
}
